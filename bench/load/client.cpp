#include "load/client.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace load {

void Client::begin(int fd, std::uint64_t token, unsigned units_max, Time begun, Work& work) {
    fd_ = fd;
    token_ = token;
    work_ = &work;
    step_ = 0;
    replies_ = 0;
    written_ = 0;
    units_left_ = units_max - 1;
    reader_ = ReplyReader();
    waits_ = Waits::to_write;
    failed_ = false;
    waits_for_ = Time();
    unit_begun_ = begun;
    heard_ = work.common.now;
    ++work.tally.connections;
}

void Client::on_ready(std::uint32_t events) {
    const bool broken = (events & (EPOLLHUP | EPOLLERR)) != 0;
    if ((events & EPOLLOUT) != 0 && work_->script.only_connects && !broken) {
        decided();
        return leave();
    }
    if ((events & EPOLLOUT) != 0) write();
    if (open() && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
        read((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
    }
}

void Client::leave_at(Time at) {
    waits_ = Waits::to_leave;
    wait_until(at);
}

void Client::read_every(std::chrono::milliseconds interval, std::chrono::milliseconds first) {
    waits_ = Waits::to_read;
    read_interval_ = interval;
    wait_until(work_->common.now + first);
}

void Client::wait_until(Time at) {
    waits_for_ = at;
    work_->common.agenda.add(at, token_);
}

void Client::on_time(Time at) {
    if (!open() || at != waits_for_) return;
    switch (waits_) {
        case Waits::to_write: write(); break;
        case Waits::to_read:
            read(true);
            if (open()) wait_until(work_->common.now + read_interval_);
            break;
        case Waits::to_leave:
            ++work_->tally.left;
            close();
            break;
    }
}

void Client::write_digits(Step& step) {
    static constexpr std::string_view digits = "0123456789abcdef";
    // In turn, but not in neighbouring order: the stride has no divisor in common with their number.
    static constexpr std::uint64_t stride = 1'000'003;
    std::uint64_t value =
        work_->recipients > 0 ? work_->next_recipient++ * stride % work_->recipients : work_->common.random();
    for (std::size_t i = 0; i < Script::digits; ++i, value >>= 4)
        step.octets[step.digits_at + i] = digits[value & 15];
}

void Client::write() {
    Step& step = work_->script.steps[step_];
    if (written_ == step.octets.size()) return;
    if (step.digits_at != std::string::npos && written_ == 0) write_digits(step);
    const std::size_t end =
        step.trickled ? std::min(written_ + work_->drop_octets, step.octets.size()) : step.octets.size();
    while (written_ < end) {
        const ssize_t sent = ::send(fd_, step.octets.data() + written_, end - written_, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN) {
                fail(strerrordesc_np(errno));
                return;
            }
            if (step.trickled) break;  // on_time() sends the rest
            epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u64 = token_}};
            ::epoll_ctl(work_->common.epoll, EPOLL_CTL_MOD, fd_, &event);
            return;
        }
        written_ += static_cast<std::size_t>(sent);
    }
    if (written_ < step.octets.size()) wait_until(work_->common.now + work_->interval);
}

void Client::read(bool to_the_end) {
    static std::array<char, 65536> buffer;  // shared, because there is one thread
    while (true) {
        const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
        if (got < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN) fail(strerrordesc_np(errno));
            return;
        }
        if (got == 0) {
            fail("closed");
            return;
        }
        heard_ = work_->common.now;
        const auto octets = static_cast<std::size_t>(got);
        work_->tally.octets_read += octets;
        if (!take({buffer.data(), octets})) return;
        if (octets < buffer.size() && !to_the_end) return;
    }
}

bool Client::take(std::string_view input) {
    std::string_view rest = input;
    while (const auto code = reader_.next(rest)) {
        if (!on_reply(*code, input.substr(0, input.size() - rest.size()))) return false;
        input = rest;
    }
    return true;
}

bool Client::on_reply(std::uint16_t code, std::string_view text) {
    const Script& script = work_->script;
    ++work_->tally.replies;
    const Step& step = script.steps[step_];
    // A reply before its command is completely sent is one too many, or a refusal that cannot be trusted.
    if (written_ < step.octets.size() || step.replies[replies_] != code) {
        std::string reason(step.name);
        reason.append(": ").append(std::to_string(code));
        work_->tally.fail(reason, text);
        failed_ = true;
        close();
        return false;
    }
    if (++replies_ < step.replies.size()) return true;

    if (step_ == script.decided_at) decided();
    ++step_;
    replies_ = 0;
    written_ = 0;
    if (step_ == script.unit_end && units_left_ > 0 && work_->units_left > 0) {
        --units_left_;
        --work_->units_left;
        unit_begun_ = work_->common.now;
        step_ = static_cast<std::uint32_t>(script.unit_begin);
    }
    if (step_ == script.steps.size()) {
        leave();
        return false;
    }
    write();
    return open();
}

void Client::decided() {
    Tally& tally = work_->tally;
    ++tally.units;
    if (work_->common.now > work_->common.over) ++tally.late;
    tally.latency.add(work_->common.now - unit_begun_);
}

void Client::fail(std::string_view reason) {
    std::string where(work_->script.steps[step_].name);
    where.append(": ").append(reason);
    work_->tally.fail(where);
    failed_ = true;
    close();
}

void Client::leave() {
    if (work_->script.resets)
        drop();
    else
        close();
}

void Client::close() {
    ::close(fd_);
    fd_ = -1;
}

void Client::drop() {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close();
}

}  // namespace load
