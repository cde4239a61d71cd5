#include "relay/connection.hpp"

#include <sys/epoll.h>
#include <system_error>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "net/socket.hpp"

namespace sluice::relay {

namespace {

constexpr Seconds quit_time_max{5};

/// The client has its answer by now; only the connection waits for RSET to be answered.
constexpr Seconds reset_time_max{10};

}  // namespace

Connection::Connection(net::Loop& loop, const PoolOptions& options, std::string_view hostname,
                       Upstream& upstream, Owner& owner)
    : loop_(loop), options_(options), upstream_(upstream), owner_(owner), dialogue_(hostname) {}

bool Connection::open(std::string preface, std::string_view helo) {
    auto fd = net::connect_to(upstream_.options.address);
    if (!fd) {
        failure_ = fd.error().message();
        return false;
    }
    fd_ = std::move(*fd);
    if (!loop_.watch(fd_.get(), *this, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
        failure_ = std::generic_category().message(errno);
        fd_.reset();
        return false;
    }
    preface_ = std::move(preface);
    connecting_ = true;
    dialogue_.open(helo, upstream_.hop(loop_.now()));
    wait(options_.connect_timeout);
    return true;
}

void Connection::send() {
    resting_ = false;
    content_begun_ = dot_sent_ = false;
    flush();
    wait(options_.command_timeout);
}

void Connection::send_content(std::string header, const smtp::MessageView& message) {
    content_begun_ = true;
    content_.emplace(std::move(header), message);
    wait(options_.content_timeout);
    write_content();
}

void Connection::rest(Millis idle_max) {
    resting_ = true;
    wait(idle_max);
}

void Connection::quit() {
    lease_.quitting = true;
    dialogue_.quit();
    send();
    wait(quit_time_max);
}

void Connection::close() {
    disarm();
    content_.reset();
    if (!fd_) return;
    loop_.unwatch(fd_.get());
    if (tls_) tls_.close();
    tls_ = {};
    fd_.reset();
}

std::optional<net::TlsFacts> Connection::tls() const {
    return tls_ ? std::optional(tls_.facts()) : std::nullopt;
}

std::string Connection::failure() const {
    if (dialogue_.reply().code != 0)
        return "it said " + std::to_string(dialogue_.reply().code) + " " + dialogue_.reply().text;
    return failure_.empty() ? "it did not speak SMTP" : failure_;
}

void Connection::on_io(std::uint32_t events) {
    if (!fd_) return;
    if (connecting_ && !connected()) return;
    if (shaking_hands_) {
        shake_hands();
        return;
    }
    // Under TLS a read may have waited for room, or a write for something to read.
    if (tls_) events |= EPOLLIN | EPOLLOUT;
    if ((events & EPOLLOUT) != 0) {
        flush();
        write_content();
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) read_replies(events);
}

/// Handles the first event after connect(2).
bool Connection::connected() {
    const std::error_code error = net::connect_result(fd_.get());
    if (error) {
        end(error.message());
        return false;
    }
    connecting_ = false;
    told_late_ = options_.command_timeout <= greeting_patience;  // then it is given up before it is late
    wait(told_late_ ? options_.command_timeout : greeting_patience);
    // A header of some 50 octets always fits a socket that has sent nothing.
    if (!preface_.empty() && net::write_some(fd_.get(), preface_.data(), preface_.size()) !=
                                 static_cast<std::ptrdiff_t>(preface_.size())) {
        broken();
    }
    return true;
}

void Connection::start_tls() {
    try {
        tls_ = net::TlsStream(*upstream_.tls, fd_.get(), upstream_.records());
    } catch (const std::bad_alloc&) {
        end("there is no memory for TLS");
        return;
    }
    shaking_hands_ = true;
    wait(options_.command_timeout);
    shake_hands();
}

void Connection::shake_hands() {
    using Handshake = net::TlsStream::Handshake;
    const Handshake result = tls_.shake_hands();
    if (result == Handshake::more) return;
    shaking_hands_ = false;
    if (result == Handshake::failed) {
        handshake_failed_ = true;
        end("TLS: " + tls_.handshake_error());
        return;
    }
    dialogue_.secured();
    flush();
    wait(options_.command_timeout);
}

std::ptrdiff_t Connection::write_some(const char* octets, std::size_t count) {
    return tls_ ? tls_.write(octets, count) : net::write_some(fd_.get(), octets, count);
}

std::ptrdiff_t Connection::read_some(char* octets, std::size_t count) {
    return tls_ ? tls_.read(octets, count) : net::read_some(fd_.get(), octets, count);
}

void Connection::flush() {
    std::string& output = dialogue_.output();
    std::size_t sent = 0;
    while (sent < output.size()) {
        const std::ptrdiff_t count = write_some(output.data() + sent, output.size() - sent);
        if (count == net::io_failed) broken();
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
    }
    output.erase(0, sent);
}

void Connection::write_content() {
    if (!content_) return;
    const std::uint64_t before = content_->sent();
    const ContentWriter::Result result = tls_ ? content_->write(tls_) : content_->write(fd_.get());
    if (result == ContentWriter::Result::failed) {
        content_.reset();
        broken();
        return;
    }
    if (result == ContentWriter::Result::done) {
        content_.reset();
        dot_sent_ = true;
        dialogue_.content_sent();
        wait(options_.final_timeout);
        return;
    }
    if (content_->sent() != before) wait(options_.content_timeout);
}

void Connection::read_replies(std::uint32_t events) {
    std::array<char, 4096> buffer;
    for (;;) {
        const std::ptrdiff_t count = read_some(buffer.data(), buffer.size());
        if (count == net::io_would_block) return;
        if (count <= 0) {
            if (count == 0) return end("it closed the connection");
            return end(tls_ ? "TLS: " + net::TlsStream::error() : std::generic_category().message(errno));
        }
        if (!take_replies({buffer.data(), static_cast<std::size_t>(count)})) return;
        // Edge-triggered: a short read has emptied the socket, unless its end has been announced. Under TLS
        // it has emptied no more than a record.
        const bool ending = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        if (static_cast<std::size_t>(count) < buffer.size() && !ending && !tls_) return;
    }
}

bool Connection::take_replies(std::string_view octets) {
    const std::size_t replies = dialogue_.replies();
    const Outcome outcome = dialogue_.receive(octets);
    if (outcome == Outcome::start_tls) {
        start_tls();
        return false;
    }
    if (outcome == Outcome::tls_refused) failure_ = "it does not offer STARTTLS";
    if (outcome != Outcome::none) {
        owner_.progressed(*this, outcome);
        return static_cast<bool>(fd_);
    }
    // After a refused message RSET has to be said.
    const bool resetting = dialogue_.stage() == smtp::Dialogue::Stage::rset;
    if (dialogue_.replies() != replies && (!content_begun_ || resetting)) {
        flush();
        wait(resetting ? std::min<Millis>(reset_time_max, options_.command_timeout)
                       : options_.command_timeout);
    }
    return true;
}

void Connection::on_timer() {
    if (resting_ && !broken_) {
        owner_.idle_expired(*this);
        return;
    }
    if (broken_) {
        end("it closed the connection");
        return;
    }
    const bool only_late =
        !connecting_ && !told_late_ && dialogue_.stage() == smtp::Dialogue::Stage::greeting;
    if (only_late) {
        told_late_ = true;
        wait(options_.command_timeout - greeting_patience);
        return owner_.greeting_late(*this);
    }
    timed_out_ = true;
    end(connecting_ ? "it could not be reached in time" : "it did not answer in time");
}

/// Ends the connection: nothing more will come.
void Connection::end(std::string why) {
    failure_ = std::move(why);
    const Outcome outcome = dialogue_.lost();
    owner_.progressed(*this, outcome == Outcome::none ? Outcome::lost : outcome);
}

/// The socket failed while we wrote. The code that caused the write must not be called back from inside it:
/// the timer ends the connection, unless the socket's own event comes first and finds a last reply.
void Connection::broken() {
    broken_ = true;
    loop_.arm(*this, Millis{0});
}

void Connection::wait(Millis limit) {
    if (!broken_) loop_.arm(*this, limit);
}

}  // namespace sluice::relay
