#include "load/client.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace load {
namespace {

void write_digits(char* at, std::uint64_t value) {
    static constexpr std::string_view digits = "0123456789abcdef";
    for (std::size_t i = 0; i < Script::digits; ++i, value >>= 4)
        at[i] = digits[value & 15];
}

}  // namespace

void Client::begin(int fd, unsigned units_max, Shared& shared) {
    fd_ = fd;
    step_ = 0;
    replies_ = 0;
    written_ = 0;
    units_left_ = units_max - 1;
    reader_ = ReplyReader();
    unit_begun_ = heard_ = shared.now;
    ++shared.tally.connections;
}

void Client::on_ready(std::uint32_t events, Shared& shared) {
    if ((events & EPOLLOUT) != 0) write(shared);
    if (open() && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
        read((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0, shared);
    }
}

void Client::write(Shared& shared) {
    Step& step = shared.script.steps[step_];
    if (written_ == step.octets.size()) return;
    if (step.digits_at != std::string::npos && written_ == 0) {
        write_digits(step.octets.data() + step.digits_at, shared.random());
    }
    while (written_ < step.octets.size()) {
        const ssize_t sent =
            ::send(fd_, step.octets.data() + written_, step.octets.size() - written_, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN) {
                fail(strerrordesc_np(errno), shared);
                return;
            }
            epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = this}};
            ::epoll_ctl(shared.epoll, EPOLL_CTL_MOD, fd_, &event);
            return;
        }
        written_ += static_cast<std::size_t>(sent);
    }
}

void Client::read(bool to_the_end, Shared& shared) {
    static std::array<char, 65536> buffer;  // one thread
    while (true) {
        const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
        if (got < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN) fail(strerrordesc_np(errno), shared);
            return;
        }
        if (got == 0) {
            fail("closed", shared);
            return;
        }
        heard_ = shared.now;
        const auto octets = static_cast<std::size_t>(got);
        shared.tally.octets_read += octets;
        if (!take({buffer.data(), octets}, shared)) return;
        if (octets < buffer.size() && !to_the_end) return;
    }
}

bool Client::take(std::string_view input, Shared& shared) {
    std::string_view rest = input;
    while (const auto code = reader_.next(rest)) {
        if (!on_reply(*code, input.substr(0, input.size() - rest.size()), shared)) return false;
        input = rest;
    }
    return true;
}

bool Client::on_reply(std::uint16_t code, std::string_view text, Shared& shared) {
    const Script& script = shared.script;
    Tally& tally = shared.tally;
    ++tally.replies;
    const Step& step = script.steps[step_];
    // A reply before its command is whole on the wire is one too many, or a refusal that cannot be trusted.
    if (written_ < step.octets.size() || step.replies[replies_] != code) {
        std::string reason(step.name);
        reason.append(": ").append(std::to_string(code));
        tally.fail(reason, text);
        close();
        return false;
    }
    if (++replies_ < step.replies.size()) return true;

    if (step_ == script.decided_at) {
        ++tally.units;
        tally.latency.add(shared.now - unit_begun_);
    }
    ++step_;
    replies_ = 0;
    written_ = 0;
    if (step_ == script.unit_end && units_left_ > 0 && shared.units_left > 0) {
        --units_left_;
        --shared.units_left;
        unit_begun_ = shared.now;
        step_ = static_cast<std::uint32_t>(script.unit_begin);
    }
    if (step_ == script.steps.size()) {
        close();
        return false;
    }
    write(shared);
    return open();
}

void Client::fail(std::string_view reason, Shared& shared) {
    std::string where(shared.script.steps[step_].name);
    where.append(": ").append(reason);
    shared.tally.fail(where);
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
