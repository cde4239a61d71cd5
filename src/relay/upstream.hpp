// One MTA as a worker sees it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "net/tls_client.hpp"
#include "relay/health.hpp"
#include "relay/options.hpp"
#include "relay/recipient_limit.hpp"
#include "relay/relay_proof.hpp"
#include "relay/tlsa_watch.hpp"
#include "smtp/dialogue.hpp"

namespace sluice::relay {

/// What a TLS context for this MTA is made of.
net::TlsClientOptions tls_options(const MtaTlsOptions& options);

struct Upstream {
    /// Throws std::runtime_error when the authorities' file cannot be read.
    Upstream(const UpstreamOptions& given, const PoolOptions& pool);

    UpstreamOptions options;
    std::string name;  // "127.0.0.1:10025", "unix:/run/mta"
    Health health;
    std::unique_ptr<const net::TlsClientContext> tls;  // null = never
    std::unique_ptr<TlsaWatch> tlsa;                   // for dane_only
    std::optional<Instant> relieved_at;                // idle ones were closed for one that was not greeted
    Instant opened_after;     // connections opened before this are closed as soon as they are idle
    Instant plaintext_until;  // a handshake that was not required has failed
    Trust trust;
    smtp::EhloReply offered;    // to strangers, when last proved
    RecipientLimit recipients;  // it takes in one transaction
    std::string last_words;     // what it said when it would not have us; empty = nothing
    unsigned opening = 0;       // connections not yet greeted
    unsigned live = 0;          // greeted ones, leased or idle
    unsigned leased = 0;
    bool tlsa_known = false;     // there were records when last asked for
    bool reached = false;        // offered is known
    bool told_down = false;      // the operator has heard that it is down
    bool doubted = false;        // it put a client off at the greeting: does it so to everybody?
    bool told_identity = false;  // … and that it is not told who its clients are

    /// Nobody's mail goes there now.
    bool down() const { return trust.distrusted() || (health.failing() && live == 0); }
    /// One connection may serve many identities.
    bool shareable() const { return options.pooled && options.identity != IdentityBy::proxy_v2; }
    /// Plaintext will do.
    bool tls_optional() const {
        return options.tls.level == MtaTls::automatic || options.tls.level == MtaTls::may;
    }
    /// How a connection is to be made now.
    smtp::Hop hop(Instant now) const;
    std::span<const net::TlsaRecord> records() const;
};

}  // namespace sluice::relay
