// Health checks: connections of a load balancer or a monitor that only want to know whether we are alive.
//
// They are told apart by how they begin, and never by what they say: a LOCAL header (PROXY protocol 2.2); a
// header whose client is the very socket that it came over, as HAProxy writes before its own checks in
// version 1; a header that names nobody (UNKNOWN, UNSPEC, a Unix socket); no header at all, where one is due;
// or an address in policy.networks.health. Such a session is greeted in one line at once and is never judged:
// no memory, no DNS, no pace. In return it cannot send mail, so nothing is gained by feigning one. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/metric_table.hpp"
#include "base/time.hpp"
#include "net/socket.hpp"
#include "smtp/reply.hpp"
#include "wire/proxy_protocol.hpp"

namespace sluice::front {

/// How a health check was told apart; those but `none` in the order of metric_values::health_checks.
enum class HealthCheck : std::uint8_t {
    none,     // it is a client
    network,  // policy.networks.health
    local,    // PROXY LOCAL; HAProxy (2.6) says so of its clients over Unix sockets, too
    itself,   // the header's client is the balancer's own socket
    unnamed,  // UNKNOWN, UNSPEC, a Unix socket: it may be a client whose address the balancer does not know
    silent,   // from a balancer, and no header came: it may be a client of one that sends none
};
std::string_view name_of(HealthCheck check);

/// What a whole header that came from `peer` makes of the session.
HealthCheck health_check_of(const wire::ProxyDecoded& header, const net::Endpoint& peer);

/// Its header names nobody, so that it may be a client of a balancer that is configured wrongly.
bool may_be_a_client(HealthCheck check);

/// What MAIL and AUTH are answered. Where it may be a client behind a balancer that is configured wrongly the
/// mail is put off and not refused for good, so that the mistake costs a delay and no bounce.
smtp::Reply no_mail_reply(HealthCheck check);

/// The faults of a header that a connection from proxy_protocol.networks can have, in the order of
/// metric_values::proxy_faults.
enum class ProxyFault : std::uint8_t {
    missing,         // the first octets are no header
    late,            // it came after the greeting that a silent health check gets
    broken,          // malformed, cut, or too long
    mixed_families,  // an address of the wrong family (version 1)
    no_client,       // MAIL or AUTH where the header names nobody, or none has come
};
std::string_view name_of(ProxyFault fault);
/// A sentence, for the reply and for the operator.
std::string_view reason_of(ProxyFault fault);
ProxyFault proxy_fault_of(wire::ProxyDecoded::Fault fault);
/// 421 4.3.5 with the reason; not for no_client, which has a reply of its own.
smtp::Reply proxy_fault_reply(ProxyFault fault);

/// How often the operator is told of a fault: the first time, and then once in ten minutes for each kind. The
/// others are only counted (Metric::proxy_faults), however often a peer commits them.
class ProxyFaultNews {
  public:
    static constexpr Seconds every{600};
    bool is_news(ProxyFault fault, Instant now);

  private:
    std::array<std::optional<Instant>, std::size(metric_values::proxy_faults)> told_;
};

}  // namespace sluice::front
