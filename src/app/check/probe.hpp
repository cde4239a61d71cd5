// Asks an MTA what `sluice check` wants to know, over connections of its own that wait (with deadlines).
//
// It sends no mail: RSET follows MAIL and RCPT. The clients that it claims to be have documentation addresses
// (RFC 5737, RFC 3849).
//
// The number of recipients that a transaction may have is found with RCPT TO:<postmaster>, which every MTA
// must accept (RFC 5321 4.5.1), repeated in transactions that double in length. This says nothing about an
// MTA that counts a repeated recipient once; Postfix counts each.
#pragma once

#include <optional>
#include <string>

#include "app/config/config.hpp"
#include "relay/options.hpp"
#include "smtp/ehlo_reply.hpp"

namespace sluice::app {

/// The result of one question to the MTA.
struct ProbeAnswer {
    bool yes = false;
    std::string said;  // for a no: its words, or what happened instead
};

/// The number of recipients that one transaction may have.
struct RecipientsTaken {
    unsigned asked = 0;     // in the longest transaction
    unsigned taken = 0;     // accepted ones of those
    std::string said = {};  // the reply to the first that was refused
};

/// No more are asked about, even if the configuration allows clients more.
inline constexpr unsigned recipients_asked_max = 10'000;
/// The limit without PIPELINING, where each costs a round trip: one more than RFC 5321 4.5.3.1.8 requires.
inline constexpr unsigned recipients_asked_singly_max = 101;

struct ProbeFindings {
    std::string unreachable;  // why nothing could be found out; empty = the MTA answered
    std::string host;         // the name in its greeting
    std::string tls;          // "TLSv1.3 with TLS_AES_256_GCM_SHA384"; empty = plaintext
    smtp::EhloReply ehlo;

    // Each is absent when it was not asked, because a precondition was missing.
    std::optional<ProbeAnswer> identity;         // is the first XCLIENT obeyed?
    std::optional<ProbeAnswer> second_identity;  // is another client's, on the same connection?
    std::optional<ProbeAnswer> ipv6_identity;    // is the XCLIENT of an IPv6 client obeyed?
    // Is mail for a foreign domain accepted: in a stranger's name, and in Sluice's own?
    std::optional<ProbeAnswer> foreign_recipient;
    std::optional<ProbeAnswer> own_recipient;
    std::optional<RecipientsTaken> recipients;

    bool forwards_identity() const { return identity && identity->yes; }
    bool pools() const { return second_identity && second_identity->yes; }
    bool takes_ipv6() const { return ipv6_identity && ipv6_identity->yes; }
    bool relays_for_strangers() const { return foreign_recipient && foreign_recipient->yes; }
    bool relays_for_sluice() const { return own_recipient && own_recipient->yes; }
};

/// `config` is finished. Takes at most a few times the command time-out of its pool.
ProbeFindings probe_mta(const relay::UpstreamOptions& upstream, const Config& config);

}  // namespace sluice::app
