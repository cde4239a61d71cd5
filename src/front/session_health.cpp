// Sessions that are no client's: health checks, and load balancers whose header cannot be used.
#include <algorithm>

#include "front/session.hpp"
#include "wire/proxy_protocol.hpp"

namespace sluice::front {

/// Greets in one line, at once and at full speed, and asks no one about the client.
void Session::greet_health_check() {
    say_greeting({220, context_.options.server.hostname + " ESMTP"});
}

/// The time that a balancer has for its header. A silent one has less, because as a health check it waits for
/// our greeting.
Millis Session::proxy_patience() const {
    const auto& options = context_.options.proxy_protocol;
    const bool silent = health_check_ == HealthCheck::silent && options.check_after > Millis{0};
    return silent ? std::min<Millis>(options.check_after, options.header_timeout) : options.header_timeout;
}

/// Handles a balancer that has sent nothing in time. True when it is a health check, and is greeted.
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

/// Reports the fault in the session's log line, to the operator, and in the metrics.
void Session::note_proxy_fault(ProxyFault fault) {
    case_.note({"proxy_header", name_of(fault), "", 0});
    context_.metrics().add(Metric::proxy_faults, fault);
    context_.heard_of_proxy_fault(fault, peer_.address);
}

void Session::refuse_proxy_header(ProxyFault fault) {
    note_proxy_fault(fault);
    record_.outcome = Outcome::refused;
    if (tls_first_) return end();  // the peer expects TLS and could not read a reply
    waiting_ = Waiting::nothing;
    say_greeting(proxy_fault_reply(fault));
}

/// Refuses a header that comes after the greeting: the silent connection was a client with a late header, not
/// a health check. The reply asks it to come again.
bool Session::refuse_late_header(std::string_view first) {
    constexpr std::size_t telling_octets = 6;  // "PROXY ", or half the signature of version 2
    if (health_check_ != HealthCheck::silent || first.size() < telling_octets) return false;
    if (wire::decode_proxy_header(first).fault == wire::ProxyDecoded::Fault::missing) return false;
    note_proxy_fault(ProxyFault::late);
    record_.outcome = Outcome::refused;
    server_.terminate(proxy_fault_reply(ProxyFault::late));
    return true;
}

/// Answers MAIL or AUTH of a health check.
void Session::refuse_mail_of_check() {
    if (may_be_a_client(health_check_)) {
        note_proxy_fault(ProxyFault::no_client);
    } else {
        case_.note({"health_check", name_of(health_check_), "", 0});
    }
    server_.answer(no_mail_reply(health_check_));
}

/// Counts a health check apart from the sessions, and logs it only if it has left signals.
void Session::count_health_check() {
    context_.metrics().add(Metric::health_checks, static_cast<std::size_t>(health_check_) - 1);
    if (!case_.signals().empty()) log_session();
}

}  // namespace sluice::front
