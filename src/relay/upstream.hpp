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

/// The TLS client options for this MTA.
net::TlsClientOptions tls_options(const MtaTlsOptions& options);

struct Upstream {
    /// Throws std::runtime_error when the authorities' file cannot be read.
    Upstream(const UpstreamOptions& given, const PoolOptions& pool);

    UpstreamOptions options;
    std::string name;  // "127.0.0.1:10025", "unix:/run/mta"
    Health health;
    std::unique_ptr<const net::TlsClientContext> tls;  // null = never
    std::unique_ptr<TlsaWatch> tlsa;                   // for dane_only
    std::optional<Instant> relieved_at;  // when idle connections were closed for one that was not greeted
    Instant opened_after;                // connections opened before this close as soon as they are idle
    Instant plaintext_until;             // a handshake failed where TLS was not required
    Trust trust;
    smtp::EhloReply offered;    // to strangers, when last proved
    RecipientLimit recipients;  // how many it takes in one transaction
    std::string last_words;     // what it said when it refused us; empty = nothing
    unsigned opening = 0;       // connections not yet greeted
    unsigned live = 0;          // greeted ones, leased or idle
    unsigned leased = 0;
    bool tlsa_known = false;  // records were found at the last look-up
    bool reached = false;     // offered is known
    bool told_down = false;   // the operator was told that it is down
    bool doubted = false;     // it refused a client temporarily at the greeting: does it refuse every client?
    bool told_identity = false;  // the operator was told that this MTA does not learn who its clients are

    /// No client's mail goes there now.
    bool down() const { return trust.distrusted() || (health.failing() && live == 0); }
    /// One connection may serve many identities.
    bool shareable() const { return options.pooled && options.identity != IdentityBy::proxy_v2; }
    /// Mail may also go without TLS.
    bool tls_optional() const {
        return options.tls.level == MtaTls::automatic || options.tls.level == MtaTls::may;
    }
    /// The way to open a connection now.
    smtp::Hop hop(Instant now) const;
    std::span<const net::TlsaRecord> records() const;
};

}  // namespace sluice::relay
