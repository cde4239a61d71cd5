// The beginning of a session, until the client is greeted.
#include <algorithm>
#include <utility>

#include "front/session.hpp"
#include "front/transaction.hpp"
#include "wire/proxy_protocol.hpp"

namespace sluice::front {

bool Session::begin() {
    if (!watch()) return false;
    net::hold_receive_window(fd_.get());
    if (behind_proxy()) {
        waiting_ = Waiting::proxy_header;
        health_check_ = HealthCheck::silent;  // until something comes
        arm_timer();
    } else {
        introduce();
    }
    return true;
}

bool Session::behind_proxy() const {
    const auto contains = [this](const Network& network) { return network.contains(peer_.address); };
    return std::ranges::any_of(context_.options.proxy_protocol.networks, contains);
}

/// Takes the header of a trusted proxy once it is whole. Octets behind the header are left in the socket.
void Session::take_proxy_header() {
    auto& scratch = context_.scratch;
    const auto peeked = net::peek_some(fd_.get(), scratch.data(), wire::proxy_header_octets_max);
    if (peeked == net::io_would_block) return arm_timer();
    if (peeked <= 0) return end();
    health_check_ = HealthCheck::none;
    const auto header = wire::decode_proxy_header({scratch.data(), static_cast<std::size_t>(peeked)});
    switch (header.status) {
        case wire::ProxyDecoded::Status::more: return peer_closed_ ? end() : arm_timer();
        case wire::ProxyDecoded::Status::malformed: return refuse_proxy_header(proxy_fault_of(header.fault));
        case wire::ProxyDecoded::Status::done: break;
    }
    (void)net::read_some(fd_.get(), scratch.data(), header.octets);
    health_check_ = health_check_of(header, peer_);
    if (header.addresses) {
        peer_ = {header.addresses->source, header.addresses->source_port};
        aside().destination = {header.addresses->destination, header.addresses->destination_port};
    }
    waiting_ = Waiting::nothing;
    introduce();
}

/// Begins the session proper, now that the client's address is known.
void Session::introduce() {
    const auto contains = [this](const Network& network) { return network.contains(peer_.address); };
    if (!is_health_check() && std::ranges::any_of(context_.options.policy.health_networks, contains))
        health_check_ = HealthCheck::network;
    if (is_health_check()) return greet_health_check();
    counted_ = true;
    if (case_.named_good()) server_.take_local_names();
    if (!context_.has_room_for(peer_.address)) {
        context_.metrics().add(Metric::turned_away, TurnedAway::client);
        case_.note({"overload", "", "client", 0});
        return say_greeting({421, "4.7.0 Too many connections from your address"});
    }
    check(Stage::connect);
}

/// Whether there is too much load to serve a client of this kind.
bool Session::turned_away() {
    const policy::Pressure pressure = context_.pressure();
    if (pressure == policy::Pressure::none || observing()) return false;
    const bool fast = case_.verdict().lane == policy::Lane::fast;
    const auto visitor = !fast              ? policy::Visitor::suspect
                         : case_.is_known() ? policy::Visitor::known_good
                                            : policy::Visitor::unknown;
    if (policy::let_in(visitor, pressure, number_)) return false;
    constexpr auto none = std::to_underlying(policy::Pressure::none);
    context_.metrics().add(Metric::turned_away, std::to_underlying(pressure) - none - 1);
    case_.note({"overload", "", std::string(name_of(pressure)), 0});
    return true;
}

/// Greets in two lines with a pause between them: a client that speaks before the second line does not wait
/// for the greeting, as RFC 5321 4.3.1 asks. The lines must go out at full speed, so the client is not judged
/// before.
void Session::wait_for_early_talkers() {
    if (turned_away()) return say_greeting({421, "4.3.2 Too busy, try again later"});
    const auto& policy = context_.options.policy;
    // Without a memory every client would count as unknown, and would have to wait.
    if (context_.surroundings.state == nullptr || policy.pregreet_wait == Millis{0} ||
        !policy.signals.on(policy::SignalId::pregreet) || tls_first_ || case_.is_known()) {
        return check(Stage::greeting);
    }
    context_.metrics().add(Metric::pregreet_waits);
    waiting_ = Waiting::pregreet;
    sending_ = context_.teaser;
    if (!write_out()) return end();
    come_back_at(context_.now() + policy.pregreet_wait);
    arm_timer();
    if (can_read_) advance();  // the client has spoken already
}

/// Goes on after the pause, or as soon as the client speaks. Early commands are read as if they had come in
/// time.
void Session::look_for_early_talk() {
    char octet = 0;
    if (can_read_) {
        const auto peeked = net::peek_some(fd_.get(), &octet, 1);
        if (peeked == net::io_would_block) can_read_ = false;
        if (peeked == 0 || peeked == net::io_failed) return end();
        if (peeked > 0) case_.notice(policy::SignalId::pregreet);
    }
    const bool spoke = can_read_;
    if (!spoke && context_.now() < started_ + Millis{held_until_ms_}) return;
    waiting_ = Waiting::nothing;
    check(Stage::greeting);
}

void Session::greet() {
    judge();
    say_greeting({220, context_.options.server.hostname + " ESMTP"});
}

void Session::say_greeting(const smtp::Reply& greeting) {
    server_.greet(greeting);
    if (tls_first_) {
        if (!tls_to_spare()) {
            record_.outcome = Outcome::refused;  // the client expects TLS and could not read a reply
            return end();
        }
        waiting_ = Waiting::handshake;  // until then the greeting waits in the state machine
        progress_ms_ = age_ms();
    }
    advance();
}

}  // namespace sluice::front
