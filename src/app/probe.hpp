// Asks an MTA what `sluice check` wants to know, over connections of its own that wait (with deadlines).
//
// No mail is sent: MAIL and RCPT are taken back with RSET. The clients it pretends to be have addresses that
// RFC 5737 and RFC 3849 keep for documentation.
#pragma once

#include <optional>
#include <string>

#include "app/config.hpp"
#include "relay/options.hpp"
#include "smtp/ehlo_reply.hpp"

namespace sluice::app {

/// What came of one question to the MTA.
struct ProbeAnswer {
    bool yes = false;
    std::string said;  // its words, or what happened instead; for a no
};

struct ProbeFindings {
    std::string unreachable;  // why nothing could be found out; empty = it answered
    std::string host;         // the name it gives itself
    std::string tls;          // "TLSv1.3 with TLS_AES_256_GCM_SHA384"; empty = plaintext
    smtp::EhloReply ehlo;

    // Each absent when it was not asked, because what it needs was not there.
    std::optional<ProbeAnswer> identity;           // is the first XCLIENT obeyed?
    std::optional<ProbeAnswer> second_identity;    // another one, of another client, on the same connection?
    std::optional<ProbeAnswer> ipv6_identity;      // one of an IPv6 client?
    std::optional<ProbeAnswer> foreign_recipient;  // is mail taken for a domain that is not its own?

    bool forwards_identity() const { return identity && identity->yes; }
    bool pools() const { return second_identity && second_identity->yes; }
    bool takes_ipv6() const { return ipv6_identity && ipv6_identity->yes; }
    bool relays_for_anyone() const { return foreign_recipient && foreign_recipient->yes; }
};

/// `config` is finished. Takes at most a few command time-outs of its pool.
ProbeFindings probe_mta(const relay::UpstreamOptions& upstream, const Config& config);

}  // namespace sluice::app
