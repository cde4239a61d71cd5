#include "sim/link.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/socket.hpp"

namespace sluice::sim {

Link::Link(Agenda& agenda, Trace& trace, Dice dice, const Path& path, unsigned number, char side)
    : agenda_(agenda),
      trace_(trace),
      dice_(dice),
      path_(path),
      number_(number),
      from_peer_{side, '>'},
      from_product_{side, '<'} {}

// ---- time and segments -----------------------------------------------------------------------------------

/// The arrival time of what is sent now; never before that of what was sent earlier.
Micros Link::arrival(Micros& last) {
    const Micros jitter{dice_.between(0, path_.jitter.count())};
    last = std::max(last, agenda_.now() + path_.latency + jitter);
    return last;
}

void Link::stir() {
    if (readiness_ != nullptr) readiness_->stirred(fd_);
}

// ---- the product's end -----------------------------------------------------------------------------------

void Link::opened(Readiness& readiness, int fd) {
    readiness_ = &readiness;
    fd_ = fd;
    opened_at_ = agenda_.now();
}

std::ptrdiff_t Link::read(char* into, std::size_t size, bool peek) {
    if (unread() == 0) {
        if (reset_arrived_ && error_ != 0) {
            errno = take_error();
            return net::io_failed;
        }
        return fin_arrived_ || reset_arrived_ ? 0 : net::io_would_block;
    }
    const std::size_t count = std::min(size, unread());
    std::memcpy(into, arrived_.data() + arrived_read_, count);
    if (peek) return static_cast<std::ptrdiff_t>(count);
    arrived_read_ += count;
    read_ += count;
    if (arrived_read_ == arrived_.size()) {
        arrived_.clear();
        arrived_read_ = 0;
    }
    passed_marks();
    if (unsent() != 0) agenda_.after(path_.latency, [self = shared_from_this()] { self->pump(); });
    return static_cast<std::ptrdiff_t>(count);
}

void Link::passed_marks() {
    while (!marks_.empty() && marks_.front().first <= read_) {
        const auto then = std::move(marks_.front().second);
        marks_.erase(marks_.begin());
        then();
    }
}

std::size_t Link::room() const {
    const std::size_t used = going_ + held_.size();
    return path_.send_buffer > used ? path_.send_buffer - used : 0;
}

std::ptrdiff_t Link::write(std::string_view octets) {
    if (reset_arrived_ || ended_writing_) {
        errno = EPIPE;
        return -1;
    }
    const std::size_t count = std::min(octets.size(), room());
    no_room_told_ = count < octets.size();
    going_ += count;
    octets = octets.substr(0, count);
    while (!octets.empty()) {
        std::size_t size = std::min(octets.size(), path_.segment_max);
        if (dice_.chance(path_.splits_per_mille)) size = 1 + dice_.below(size);
        agenda_.at(arrival(last_to_peer_),
                   [self = shared_from_this(), segment = std::string(octets.substr(0, size))] {
                       self->arrive_at_peer(segment);
                   });
        octets.remove_prefix(size);
    }
    return static_cast<std::ptrdiff_t>(count);
}

void Link::end_writing() {
    if (std::exchange(ended_writing_, true)) return;
    agenda_.at(arrival(last_to_peer_), [self = shared_from_this()] {
        if (self->dead_ || self->vanished_) return;
        if (self->paused_) {
            self->end_held_ = true;
        } else if (self->peer_ != nullptr) {
            self->trace_.note(self->number_, self->from_product_, "<end>");
            self->peer_->on_end();
        }
    });
}

/// Behaves like close(2): with unread octets the peer gets a reset, which may overtake what was written last.
void Link::close() {
    closed_ = true;
    closed_at_ = agenda_.now();
    readiness_ = nullptr;
    fd_ = -1;
    marks_.clear();
    if (reset_arrived_) return;
    if (connecting_ || unread() != 0) {
        agenda_.after(path_.latency, [self = shared_from_this()] { self->reset_peer(); });
    } else {
        end_writing();
    }
}

std::uint32_t Link::events() const {
    if (connecting_) return 0;
    std::uint32_t events = 0;
    if (unread() != 0 || fin_arrived_ || reset_arrived_) events |= EPOLLIN;
    if (fin_arrived_ || reset_arrived_) events |= EPOLLRDHUP;
    if (reset_arrived_ && error_ != 0) events |= EPOLLERR;
    if (reset_arrived_ || (fin_arrived_ && ended_writing_)) events |= EPOLLHUP;
    if (reset_arrived_ || room() >= path_.send_buffer / 3) events |= EPOLLOUT;
    return events;
}

void Link::widen(std::size_t receive_buffer) {
    path_.receive_buffer = std::max(path_.receive_buffer, receive_buffer);
    agenda_.after(path_.latency, [self = shared_from_this()] { self->pump(); });
}

// ---- the peer's end --------------------------------------------------------------------------------------

void Link::connected() {
    if (closed_ || !std::exchange(connecting_, false)) return;
    stir();
}

void Link::refused(int error) {
    connecting_ = false;
    dead_ = true;
    error_ = error;
    reset_arrived_ = true;
    stir();
}

void Link::send(std::string_view octets, bool together) {
    if (dead_ || finishing_) return;
    backlog_.append(octets);
    sent_ += octets.size();
    pump(together);
}

/// Sends as much as the product's window has room for.
void Link::pump(bool together) {
    if (dead_ || vanished_) return;
    while (unsent() != 0) {
        const std::size_t used = unread() + coming_;
        if (used >= path_.receive_buffer) return;
        std::size_t size = std::min(unsent(), path_.receive_buffer - used);
        if (!together) size = std::min(size, path_.segment_max);
        if (!together && dice_.chance(path_.splits_per_mille)) size = 1 + dice_.below(size);
        coming_ += size;
        agenda_.at(arrival(last_to_product_),
                   [self = shared_from_this(), segment = backlog_.substr(backlog_sent_, size)] {
                       self->arrive_at_product(segment);
                   });
        backlog_sent_ += size;
    }
    backlog_.clear();
    backlog_sent_ = 0;
    if (!finishing_ || std::exchange(fin_sent_, true)) return;
    agenda_.at(arrival(last_to_product_), [self = shared_from_this()] {
        if (self->vanished_ || self->reset_arrived_) return;
        self->trace_.note(self->number_, self->from_peer_, "<end>");
        self->fin_arrived_ = true;
        self->stir();
    });
}

void Link::arrive_at_product(std::string_view octets) {
    if (vanished_ || reset_arrived_) return;
    trace_.note(number_, from_peer_, octets);
    coming_ -= octets.size();
    if (closed_) {
        agenda_.at(arrival(last_to_peer_), [self = shared_from_this()] { self->reset_peer(); });
        return;
    }
    arrived_.append(octets);
    stir();
}

void Link::arrive_at_peer(std::string_view octets) {
    if (vanished_ || dead_) return;
    if (peer_gone_) return reset_product();
    if (paused_) {
        going_ -= octets.size();
        held_.append(octets);
        return;
    }
    going_ -= octets.size();
    hand_over(octets);
}

/// The peer has read the octets: there is room again, and the product is told if it found none before.
void Link::hand_over(std::string_view octets) {
    trace_.note(number_, from_product_, octets);
    if (no_room_told_ && room() >= path_.send_buffer / 3) {
        no_room_told_ = false;
        stir();
    }
    if (peer_ != nullptr) peer_->on_octets(octets);
}

void Link::resume() {
    paused_ = false;
    if (!held_.empty()) {
        const std::string octets = std::exchange(held_, {});
        hand_over(octets);
    }
    if (std::exchange(end_held_, false) && peer_ != nullptr && !dead_) {
        trace_.note(number_, from_product_, "<end>");
        peer_->on_end();
    }
}

void Link::finish() {
    if (dead_ || std::exchange(finishing_, true)) return;
    pump();
}

void Link::finish_for_good() {
    finish();
    peer_gone_ = true;
    detach();
}

void Link::reset() {
    if (std::exchange(dead_, true)) return;
    detach();
    agenda_.at(arrival(last_to_product_), [self = shared_from_this()] { self->reset_product(); });
}

void Link::reset_product() {
    if (vanished_ || reset_arrived_) return;
    trace_.note(number_, from_peer_, "<reset>");
    reset_arrived_ = true;
    connecting_ = false;
    dead_ = true;
    error_ = fin_arrived_ ? EPIPE : ECONNRESET;
    stir();
}

void Link::reset_peer() {
    if (vanished_ || std::exchange(dead_, true)) return;
    trace_.note(number_, from_product_, "<reset>");
    if (peer_ != nullptr) std::exchange(peer_, nullptr)->on_reset();
}

}  // namespace sluice::sim
