#include "store/redis/redis_connection.hpp"

#include <sys/epoll.h>
#include <system_error>

#include <array>
#include <cerrno>
#include <utility>

namespace sluice::store {

namespace {

constexpr std::string_view hung_up = "it closed the connection";

}  // namespace

RedisConnection::RedisConnection(net::Loop& loop, const RedisOptions& options, RedisRole role,
                                 const net::TlsClientContext* tls, Owner& owner)
    : loop_(loop),
      options_(options),
      tls_context_(tls),
      owner_(owner),
      greeting_(options, role),
      reader_(options.reply_octets_max) {}

std::expected<void, std::string> RedisConnection::open(const net::ServerAddress& server) {
    auto fd = net::connect_to(server);
    if (!fd) return std::unexpected(fd.error().message());
    fd_ = std::move(*fd);
    if (!loop_.watch(fd_.get(), *this, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
        fd_.reset();
        return std::unexpected(std::generic_category().message(errno));
    }
    connecting_ = true;
    return {};
}

void RedisConnection::send(RedisTicket ticket) {
    if (std::exchange(ticket.asking, false)) {
        append_redis_command(output_, {"ASKING"});
        expect({});
    }
    const ScriptBy by = script_known_ ? ScriptBy::digest : ScriptBy::text;
    if (ticket.task->append(ticket.part, by, output_) && !std::exchange(script_known_, true)) ++texts_sent_;
    ticket.texts_before = texts_sent_;
    expect(std::move(ticket));
}

void RedisConnection::expect(RedisTicket ticket) {
    ticket.sent = loop_.now();
    if (in_flight_.empty() && failure_.empty()) loop_.arm(*this, options_.command_timeout);
    in_flight_.push_back(std::move(ticket));
}

void RedisConnection::flush() {
    if (!fd_ || connecting_ || shaking_hands_ || !failure_.empty()) return;
    std::size_t sent = 0;
    while (sent < output_.size()) {
        const std::ptrdiff_t count = write_some(output_.data() + sent, output_.size() - sent);
        if (count == net::io_failed) fail(std::string(hung_up));
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
    }
    output_.erase(0, sent);
}

void RedisConnection::fail(std::string why) {
    if (!failure_.empty()) return;
    failure_ = std::move(why);
    loop_.arm(*this, Millis{0});
}

void RedisConnection::close() {
    disarm();
    if (!fd_) return;
    loop_.unwatch(fd_.get());
    if (tls_) tls_.close();
    tls_ = {};
    fd_.reset();
}

void RedisConnection::on_io(std::uint32_t /*events*/) {
    if (!fd_ || !failure_.empty()) return;
    if (connecting_ && !connected()) return;
    if (shaking_hands_) return shake_hands();
    flush();
    read_replies();
}

bool RedisConnection::connected() {
    const std::error_code error = net::connect_result(fd_.get());
    if (error) {
        fail(error.message());
        return false;
    }
    connecting_ = false;
    if (tls_context_ == nullptr) {
        greet();
        return true;
    }
    try {
        tls_ = net::TlsStream(*tls_context_, fd_.get(), {});
    } catch (const std::bad_alloc&) {
        fail("there is no memory for TLS");
        return false;
    }
    shaking_hands_ = true;
    return true;
}

void RedisConnection::shake_hands() {
    using Handshake = net::TlsStream::Handshake;
    const Handshake result = tls_.shake_hands();
    if (result == Handshake::more) return;
    shaking_hands_ = false;
    if (result == Handshake::failed) return fail("TLS: " + tls_.handshake_error());
    greet();
    read_replies();
}

void RedisConnection::greet() {
    greeting_.append(output_);
    flush();
}

void RedisConnection::read_replies() {
    std::array<char, 16'384> buffer;
    while (failure_.empty()) {
        const std::ptrdiff_t count = read_some(buffer.data(), buffer.size());
        if (count == net::io_would_block) return;
        if (count == 0) return fail(std::string(hung_up));
        if (count < 0)
            return fail(tls_ ? "TLS: " + net::TlsStream::error() : std::generic_category().message(errno));
        if (!take_replies({buffer.data(), static_cast<std::size_t>(count)})) return;
    }
}

bool RedisConnection::take_replies(std::string_view octets) {
    reader_.feed(octets);
    while (failure_.empty()) {
        const RedisReader::Result result = reader_.next();
        if (result == RedisReader::Result::more) return true;
        if (result == RedisReader::Result::broken) {
            fail(reader_.error());
        } else {
            take_reply();
        }
    }
    return false;
}

void RedisConnection::take_reply() {
    const RedisReply& reply = reader_.reply();
    if (!greeted_) {
        if (auto why = greeting_.check(reply)) return fail(std::move(*why));
        if (!greeting_.done()) return;
        greeted_ = true;
        loop_.arm(*this, options_.ping_interval);
        owner_.greeted();
        return;
    }
    if (in_flight_.empty()) return fail(reply.is_error() ? "it said " + reply.text : "it spoke out of turn");
    RedisTicket ticket = std::move(in_flight_.front());
    in_flight_.pop_front();
    if (ticket.task) owner_.replied(std::move(ticket), reply);
}

/// One timer for the earliest deadline: it need not be armed again for each command.
void RedisConnection::on_timer() {
    if (failure_ == hung_up) {
        // A failed write gives no reason; what the server said last may be one.
        failure_.clear();
        read_replies();
        if (failure_.empty()) failure_ = hung_up;
    }
    if (!failure_.empty()) return owner_.ended(std::move(failure_));
    if (in_flight_.empty()) {
        append_redis_command(output_, {"PING"});
        expect({});
        return flush();
    }
    const Millis waited = loop_.now() - in_flight_.front().sent;
    if (waited >= options_.command_timeout) return owner_.ended("it did not answer in time");
    loop_.arm(*this, options_.command_timeout - waited);
}

std::ptrdiff_t RedisConnection::read_some(char* octets, std::size_t count) {
    return tls_ ? tls_.read(octets, count) : net::read_some(fd_.get(), octets, count);
}

std::ptrdiff_t RedisConnection::write_some(const char* octets, std::size_t count) {
    return tls_ ? tls_.write(octets, count) : net::write_some(fd_.get(), octets, count);
}

}  // namespace sluice::store
