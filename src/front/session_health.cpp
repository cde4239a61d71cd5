// What a session does that is no client's: health checks, and load balancers whose header cannot be used.
#include <algorithm>

#include "front/session.hpp"
#include "wire/proxy_protocol.hpp"

namespace sluice::front {

/// One line at once, at full speed, and nothing is asked of anybody.
void Session::greet_health_check() {
    say_greeting({220, context_.options.server.hostname + " ESMTP"});
}

/// How long a balancer has for its header. One that is silent has less: it waits for the greeting itself.
Millis Session::proxy_patience() const {
    const auto& options = context_.options.proxy_protocol;
    const bool silent = health_check_ == HealthCheck::silent && options.check_after > Millis{0};
    return silent ? std::min<Millis>(options.check_after, options.header_timeout) : options.header_timeout;
}

/// Nothing has come from a balancer. True when that makes it a health check, which is greeted.
bool Session::greet_silent_check() {
    if (health_check_ == HealthCheck::silent && context_.options.proxy_protocol.check_after > Millis{0}) {
        waiting_ = Waiting::nothing;
        greet_health_check();
        return true;
    }
    if (health_check_ == HealthCheck::silent) note_proxy_fault(ProxyFault::missing);
    health_check_ = HealthCheck::none;
    return false;
}

/// For the session's line in the log, for the operator, and for the metrics.
void Session::note_proxy_fault(ProxyFault fault) {
    note({"proxy_header", name_of(fault), "", 0});
    context_.metrics().add(Metric::proxy_faults, fault);
    context_.heard_of_proxy_fault(fault, peer_.address);
}

void Session::refuse_proxy_header(ProxyFault fault) {
    note_proxy_fault(fault);
    record_.outcome = Outcome::refused;
    if (tls_first_) return end();  // in words it would not understand yet
    waiting_ = Waiting::nothing;
    say_greeting(proxy_fault_reply(fault));
}

/// A header behind the greeting: what was silent was a client whose header was late. It is told to come
/// again.
bool Session::refuse_late_header(std::string_view first) {
    constexpr std::size_t telling_octets = 6;  // "PROXY ", or half the signature of version 2
    if (health_check_ != HealthCheck::silent || first.size() < telling_octets) return false;
    if (wire::decode_proxy_header(first).fault == wire::ProxyDecoded::Fault::missing) return false;
    note_proxy_fault(ProxyFault::late);
    record_.outcome = Outcome::refused;
    server_.terminate(proxy_fault_reply(ProxyFault::late));
    return true;
}

/// MAIL or AUTH of a health check.
void Session::refuse_mail_of_check() {
    if (may_be_a_client(health_check_)) {
        note_proxy_fault(ProxyFault::no_client);
    } else {
        note({"health_check", name_of(health_check_), "", 0});
    }
    server_.answer(no_mail_reply(health_check_));
}

/// It is in nobody's statistics, and in the log only where there is something to be told of it.
void Session::count_health_check() {
    context_.metrics().add(Metric::health_checks, static_cast<std::size_t>(health_check_) - 1);
    if (found_ && !found_->signals.empty()) log_session();
}

}  // namespace sluice::front
