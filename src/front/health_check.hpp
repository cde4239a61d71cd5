// Health checks: connections of a load balancer or a monitor that only test whether Sluice is alive.
//
// A health check is recognised by how its connection begins, never by what it says: by a LOCAL header (PROXY
// protocol 2.2); by a header whose client is the very socket that the connection came from, as HAProxy writes
// before its own checks in version 1; by a header that names no client (UNKNOWN, UNSPEC, a Unix socket); by
// the absence of a header where one is due; or by an address in policy.networks.health. Such a session is
// greeted in one line at once and is never judged: no memory, no DNS, no pace. In return it cannot send mail,
// so a client gains nothing by imitating one. Pure.
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

/// How a health check was recognised. All but `none` are in the order of metric_values::health_checks.
enum class HealthCheck : std::uint8_t {
    none,     // not a health check: a client
    network,  // policy.networks.health
    local,    // PROXY LOCAL; HAProxy (2.6) says so of its clients over Unix sockets, too
    itself,   // the header's client is the balancer's own socket
    unnamed,  // UNKNOWN, UNSPEC, a Unix socket: perhaps a client whose address the balancer does not know
    silent,   // from a balancer, without a header: perhaps a client of a balancer that sends none
};
std::string_view name_of(HealthCheck check);

/// Judges a session by a whole header that came from `peer`.
HealthCheck health_check_of(const wire::ProxyDecoded& header, const net::Endpoint& peer);

/// Whether this may be a client of a balancer that is configured wrongly, because its header names no client.
bool may_be_a_client(HealthCheck check);

/// The reply to MAIL and AUTH. Where the sender may be a client behind a balancer that is configured wrongly,
/// the reply is transient, so that the mistake costs a delay and no bounce.
smtp::Reply no_mail_reply(HealthCheck check);

/// The possible faults of a header on a connection from proxy_protocol.networks, in the order of
/// metric_values::proxy_faults.
enum class ProxyFault : std::uint8_t {
    missing,         // the first octets are no header
    late,            // the header came after the greeting of a silent health check
    broken,          // malformed, cut, or too long
    mixed_families,  // an address of the wrong family (version 1)
    no_client,       // MAIL or AUTH where the header names nobody, or none has come
};
std::string_view name_of(ProxyFault fault);
/// A sentence about the fault, for the reply and for the operator.
std::string_view reason_of(ProxyFault fault);
ProxyFault proxy_fault_of(wire::ProxyDecoded::Fault fault);
/// 421 4.3.5 with the reason. Not for no_client, which has a reply of its own.
smtp::Reply proxy_fault_reply(ProxyFault fault);

/// Limits how often the operator is told of a fault: the first time, and then once in ten minutes for each
/// kind. Every fault is counted (Metric::proxy_faults), however often a peer commits it.
class ProxyFaultNews {
  public:
    static constexpr Seconds every{600};
    bool is_news(ProxyFault fault, Instant now);

  private:
    std::array<std::optional<Instant>, std::size(metric_values::proxy_faults)> told_;
};

}  // namespace sluice::front
