// Asks an MTA what `sluice check` wants to know, over connections of its own that wait (with deadlines).
//
// No mail is sent: MAIL and RCPT are taken back with RSET. The clients it pretends to be have addresses that
// RFC 5737 and RFC 3849 keep for documentation.
//
// How many recipients a transaction may have is asked with RCPT TO:<postmaster>, which everybody has to take
// (RFC 5321 4.5.1), again and again, in transactions each twice as long as the one before. It says nothing of
// an MTA that counts a recipient once however often it is named; Postfix counts each.
#pragma once

#include <optional>
#include <string>

#include "app/config/config.hpp"
#include "relay/options.hpp"
#include "smtp/ehlo_reply.hpp"

namespace sluice::app {

/// What came of one question to the MTA.
struct ProbeAnswer {
    bool yes = false;
    std::string said;  // its words, or what happened instead; for a no
};

/// How many recipients one transaction may have.
struct RecipientsTaken {
    unsigned asked = 0;     // in the longest transaction
    unsigned taken = 0;     // of those
    std::string said = {};  // to the first that was not taken
};

/// No more are asked about, even where the configuration lets clients name more.
inline constexpr unsigned recipients_asked_max = 10'000;
/// Without PIPELINING, where each costs a round trip: one more than RFC 5321 4.5.3.1.8 makes an MTA take.
inline constexpr unsigned recipients_asked_singly_max = 101;

struct ProbeFindings {
    std::string unreachable;  // why nothing could be found out; empty = it answered
    std::string host;         // the name it gives itself
    std::string tls;          // "TLSv1.3 with TLS_AES_256_GCM_SHA384"; empty = plaintext
    smtp::EhloReply ehlo;

    // Each absent when it was not asked, because what it needs was not there.
    std::optional<ProbeAnswer> identity;         // is the first XCLIENT obeyed?
    std::optional<ProbeAnswer> second_identity;  // another one, of another client, on the same connection?
    std::optional<ProbeAnswer> ipv6_identity;    // one of an IPv6 client?
    // Is mail taken for a domain that is not its own: in a stranger's name, and in Sluice's own?
    std::optional<ProbeAnswer> foreign_recipient;
    std::optional<ProbeAnswer> own_recipient;
    std::optional<RecipientsTaken> recipients;

    bool forwards_identity() const { return identity && identity->yes; }
    bool pools() const { return second_identity && second_identity->yes; }
    bool takes_ipv6() const { return ipv6_identity && ipv6_identity->yes; }
    bool relays_for_strangers() const { return foreign_recipient && foreign_recipient->yes; }
    bool relays_for_sluice() const { return own_recipient && own_recipient->yes; }
};

/// `config` is finished. Takes at most a few command time-outs of its pool.
ProbeFindings probe_mta(const relay::UpstreamOptions& upstream, const Config& config);

}  // namespace sluice::app
