// The beginning of a session: who the client is, what is known about it, and which lane it is put into.
#include <algorithm>

#include "front/session.hpp"
#include "front/transaction.hpp"
#include "wire/proxy_protocol.hpp"

namespace sluice::front {

bool Session::begin() {
    if (!watch()) return false;
    net::hold_receive_window(fd_.get());
    if (behind_proxy()) {
        waiting_ = Waiting::proxy_header;
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

/// Takes the header a trusted proxy begins with, and nothing else, once it is whole.
void Session::take_proxy_header() {
    auto& scratch = context_.scratch;
    const auto peeked = net::peek_some(fd_.get(), scratch.data(), wire::proxy_header_octets_max);
    if (peeked == net::io_would_block) return arm_timer();
    if (peeked <= 0) return end();
    const auto header = wire::decode_proxy_header({scratch.data(), static_cast<std::size_t>(peeked)});
    switch (header.status) {
        case wire::ProxyDecoded::Status::more: return peer_closed_ ? end() : arm_timer();
        case wire::ProxyDecoded::Status::malformed:
            note({"proxy_header", "malformed", "", 0});
            record_.outcome = Outcome::refused;
            return end();
        case wire::ProxyDecoded::Status::done: break;
    }
    (void)net::read_some(fd_.get(), scratch.data(), header.octets);
    if (header.addresses) peer_ = {header.addresses->source, header.addresses->source_port};
    waiting_ = Waiting::nothing;
    introduce();
}

/// Who the client is is known.
void Session::introduce() {
    counted_ = true;
    if (!context_.has_room_for(peer_.address)) {
        return say_greeting({421, "4.7.0 Too many connections from your address"});
    }
    const auto& policy = context_.options.policy;
    const unsigned unknown = context_.unknown_recipients.count(peer_.address, context_.now());
    if (const unsigned limit = policy.unknown_recipients.slow_after; limit > 0 && unknown >= limit) {
        note({"unknown_recipients", "", std::to_string(unknown), policy.unknown_recipients.weight});
    }
    const bool ask_lists = !network();  // who is on our own list is not asked about
    if (Admission::needed(policy, context_.surroundings.resolver, ask_lists)) {
        waiting_ = Waiting::admission;
        admission_ = std::make_unique<Admission>(context_.loop(), *context_.surroundings.resolver, policy,
                                                 ask_lists, peer_.address,
                                                 [this](Admission::Findings& found) { admitted(found); });
    } else {
        greet();
    }
}

void Session::admitted(Admission::Findings& found) {
    waiting_ = Waiting::nothing;
    for (auto& signal : found.signals)
        note(std::move(signal));
    if (!found.name.empty()) findings().name = std::move(found.name);
    admission_.reset();
    greet();
}

void Session::note(policy::Signal signal) {
    findings().signals.push_back(std::move(signal));
}

/// What is known about the client beyond its address: most have nothing, and keep nothing.
Admission::Findings& Session::findings() {
    if (!found_) found_ = std::make_unique<Admission::Findings>();
    return *found_;
}

std::span<const policy::Signal> Session::signals() const {
    return found_ ? std::span<const policy::Signal>(found_->signals) : std::span<const policy::Signal>();
}

std::string_view Session::name() const {
    return found_ ? std::string_view(found_->name) : std::string_view();
}

/// Looked up when it is wanted: it costs less than it would to keep.
std::optional<policy::NetworkTable::Match> Session::network() const {
    return context_.options.policy.networks.find(peer_.address);
}

void Session::greet() {
    judge();
    say_greeting({220, context_.options.server.hostname + " ESMTP"});
}

void Session::say_greeting(const smtp::Reply& greeting) {
    server_.greet(greeting);
    if (tls_first_) {
        if (!tls_to_spare()) {
            record_.outcome = Outcome::refused;  // in words it would not understand yet
            return end();
        }
        waiting_ = Waiting::handshake;
        progress_ms_ = age_ms();
    }
    advance();
}

policy::Verdict Session::verdict() const {
    const auto& policy = context_.options.policy;
    const auto match = network();
    return policy::judge(match ? std::optional(match->lane) : std::nullopt, signals(), policy.thresholds,
                         policy.default_lane);
}

void Session::judge() {
    // Whom the MTA knows has nothing more to prove.
    lane_ = server_.authenticated() ? policy::Lane::fast : verdict().lane;
    if (lane_ == policy::Lane::slow) {
        pace_.slow_down(context_.pace, context_.now());
    } else {
        pace_.speed_up();
    }
}

}  // namespace sluice::front
