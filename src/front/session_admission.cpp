// The beginning of a session: who the client is, what is known about it, and its lane.
#include <algorithm>
#include <utility>

#include "front/session.hpp"
#include "front/transaction.hpp"
#include "policy/client_name.hpp"
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
        findings().destination = {header.addresses->destination, header.addresses->destination_port};
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
    if (const auto match = listed(); match && match->lane == policy::Lane::fast) server_.take_local_names();
    if (!context_.has_room_for(peer_.address)) {
        context_.metrics().add(Metric::turned_away, TurnedAway::client);
        note({"overload", "", "client", 0});
        return say_greeting({421, "4.7.0 Too many connections from your address"});
    }
    const auto& policy = context_.options.policy;
    const unsigned unknown = context_.unknown_recipients.count(peer_.address, context_.now());
    if (const unsigned limit = policy.unknown_recipients.slow_after; limit > 0 && unknown >= limit) {
        notice(policy::SignalId::unknown_recipients, std::to_string(unknown));
    }
    recall();
}

/// Asks DNS about the client. These questions are slow, and are spared where earlier findings have decided.
void Session::look_up() {
    const auto& policy = context_.options.policy;
    const bool judged = !is_trusted();
    if (Admission::needed(policy, context_.surroundings.resolver, judged, peer_.address)) {
        waiting_ = Waiting::admission;
        inquiry_ = std::make_unique<Admission>(context_.loop(), *context_.surroundings.resolver, policy,
                                               context_.metrics(), judged, peer_.address,
                                               [this](Admission::Findings& found) { admitted(found); });
    } else {
        wait_for_early_talkers();
    }
}

void Session::admitted(Admission::Findings& found) {
    waiting_ = Waiting::nothing;
    for (auto& signal : found.signals) {
        context_.heard_of_list(signal);
        note(std::move(signal));
    }
    using Standing = policy::ClientName::Standing;
    if (found.name.standing != Standing::unknown) findings().name = std::move(found.name);
    inquiry_.reset();
    wait_for_early_talkers();
}

void Session::note(policy::Signal signal) {
    unjudged_ = unjudged_ || signal.weight != 0;
    findings().signals.push_back(std::move(signal));
}

/// Notes a signal once in a session; when it is seen again, only its value is renewed.
void Session::notice(policy::SignalId id, std::string value) {
    const auto& options = context_.options.policy.signals;
    if (!options.on(id)) return;
    auto& known = findings().signals;
    const auto same = std::ranges::find(known, policy::row_of(id).name, &policy::Signal::name);
    if (same != known.end()) {
        same->value = std::move(value);
    } else {
        note(options.signal(id, std::move(value)));
    }
}

void Session::forget_signal(std::string_view name, std::string_view what) {
    const auto same = [&](const policy::Signal& signal) {
        return signal.name == name && signal.what == what;
    };
    if (found_ && std::erase_if(found_->signals, same) != 0) unjudged_ = true;
}

/// The findings about the client beyond its address, allocated on first use: most clients need none.
Admission::Findings& Session::findings() {
    if (!found_) found_ = std::make_unique<Admission::Findings>();
    return *found_;
}

std::span<const policy::Signal> Session::signals() const {
    return found_ ? std::span<const policy::Signal>(found_->signals) : std::span<const policy::Signal>();
}

std::string_view Session::name() const {
    return found_ ? found_->name.confirmed() : std::string_view();
}

/// The operator's decision is looked up at each use, because it costs less to look up than to keep.
std::optional<Session::Listed> Session::listed() const {
    if (const policy::Act* act = context_.surroundings.act_on(peer_.address))
        return Listed{.lane = act->lane, .signal = {"act", "", policy::to_text(*act), 0}};
    if (const auto match = context_.options.policy.networks.find(peer_.address))
        return Listed{.lane = match->lane, .signal = {"network", match->text, "", 0}};
    return std::nullopt;
}

/// Whether the client is no stranger. One that has delivered mail recently is known, but not trusted for it.
bool Session::is_known() const {
    return remembered_ || is_trusted() || policy::is_this_host(peer_.address);
}

/// Whether the operator has named the client as good. It may be one of the operator's own, for whom the MTA
/// relays.
bool Session::named_good() const {
    const auto match = listed();
    return match && match->lane == policy::Lane::fast;
}

/// Whether the operator has decided, or so much speaks for the client that no other source need be asked.
bool Session::is_trusted() const {
    if (listed()) return true;
    const auto& thresholds = context_.options.policy.thresholds;
    return thresholds.fast > 0 && verdict().score <= -thresholds.fast;
}

/// Whether there is too much load to serve a client of this kind.
bool Session::turned_away() {
    const policy::Pressure pressure = context_.pressure();
    if (pressure == policy::Pressure::none || observing()) return false;
    const bool fast = verdict().lane == policy::Lane::fast;
    const auto visitor = !fast        ? policy::Visitor::suspect
                         : is_known() ? policy::Visitor::known_good
                                      : policy::Visitor::unknown;
    if (policy::let_in(visitor, pressure, number_)) return false;
    constexpr auto none = std::to_underlying(policy::Pressure::none);
    context_.metrics().add(Metric::turned_away, std::to_underlying(pressure) - none - 1);
    note({"overload", "", std::string(name_of(pressure)), 0});
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
        !policy.signals.on(policy::SignalId::pregreet) || tls_first_ || is_known()) {
        return greet();
    }
    context_.metrics().add(Metric::pregreet_waits);
    waiting_ = Waiting::pregreet;
    sending_ = context_.teaser;
    if (!write_out()) return end();
    come_back_at(context_.now() + policy.pregreet_wait);
    arm_timer();
    if (can_read_) advance();  // the client has spoken already
}

/// False: the pause goes on, or the client has left. Early commands are read as if they had come in time.
bool Session::pregreet_over() {
    char octet = 0;
    if (can_read_) {
        const auto peeked = net::peek_some(fd_.get(), &octet, 1);
        if (peeked == net::io_would_block) can_read_ = false;
        if (peeked == 0 || peeked == net::io_failed) {
            end();
            return false;
        }
        if (peeked > 0) notice(policy::SignalId::pregreet);
    }
    const bool spoke = can_read_;
    if (!spoke && context_.now() < started_ + Millis{held_until_ms_}) return false;
    waiting_ = Waiting::nothing;
    judge();
    server_.greet({220, context_.options.server.hostname + " ESMTP"});
    return true;
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

policy::Verdict Session::verdict() const {
    const auto& policy = context_.options.policy;
    const auto match = listed();
    return policy::judge(match ? std::optional(match->lane) : std::nullopt, signals(), policy.thresholds,
                         policy.default_lane);
}

/// An authenticated client has nothing more to prove, and a health check is not judged at all.
policy::Lane Session::judged_lane() const {
    return server_.authenticated() || is_health_check() ? policy::Lane::fast : verdict().lane;
}

bool Session::observing() const {
    return context_.options.policy.mode == policy::Mode::observe;
}

/// Promotes or demotes the client by all signals so far.
void Session::judge() {
    unjudged_ = false;
    lane_ = observing() ? policy::Lane::fast : judged_lane();
    content_slow_ = false;
    if (lane_ != policy::Lane::slow) return pace_.speed_up();
    pace_.slow_down(context_.pace);
    if (context_.pace.content == policy::PacedContent::slow)
        content_slow_ = verdict().score >= context_.options.policy.thresholds.content_slow;
}

}  // namespace sluice::front
