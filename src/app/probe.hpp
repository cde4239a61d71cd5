// Asks an MTA what `sluice check` wants to know, over connections of its own that wait (with deadlines).
//
// No mail is sent: MAIL and RCPT are taken back with RSET. The clients it pretends to be have addresses that
// RFC 5737 and RFC 3849 keep for documentation.
#pragma once

#include <optional>
#include <string>

#include "relay/options.hpp"
#include "smtp/ehlo_reply.hpp"
#include "smtp/reply.hpp"

namespace sluice::app {

struct ProbeFindings {
    std::string unreachable;  // why nothing could be found out; empty = it answered
    std::string host;         // the name it gives itself
    smtp::EhloReply ehlo;

    // Each absent when it was not asked, because what it needs was not there.
    std::optional<smtp::Reply> identity;         // to the first XCLIENT
    std::optional<smtp::Reply> second_identity;  // to another one, of another client, on the same connection
    std::optional<smtp::Reply> ipv6_identity;    // to one of an IPv6 client
    std::optional<smtp::Reply>
        foreign_recipient;  // to a recipient that no MTA has: 250 = it relays for clients

    bool forwards_identity() const { return identity && identity->positive(); }
    bool pools() const { return second_identity && second_identity->positive(); }
    bool takes_ipv6() const { return ipv6_identity && ipv6_identity->positive(); }
    bool relays_for_anyone() const { return foreign_recipient && foreign_recipient->positive(); }
};

/// `hostname` is what we say in EHLO. Takes at most a few command time-outs of `pool`.
ProbeFindings probe_mta(const relay::UpstreamOptions& upstream, const relay::PoolOptions& pool,
                        const std::string& hostname);

}  // namespace sluice::app
