// The operator's settings for the MTA side; the defaults suit a stock Postfix behind Sluice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "net/socket.hpp"
#include "smtp/extensions.hpp"

namespace sluice::relay {

/// The way in which the MTA learns who the client is.
enum class IdentityBy : std::uint8_t {
    automatic,  // XCLIENT; an MTA that does not offer it is treated as down
    xclient,    // like automatic
    proxy_v2,   // PROXY protocol v2 before each connection (one connection per client identity)
    none,       // the MTA sees Sluice as the client; a Received header names the true one
};

/// The encryption of the connection to the MTA, in the terms of Postfix's smtp_tls_security_level.
enum class MtaTls : std::uint8_t {
    automatic,  // like may, but like none where the MTA is on this machine
    none,
    may,          // where it offers STARTTLS, with any certificate; without TLS after a failed handshake
    encrypt,      // always, with any certificate
    verify,       // always, with its certificate's chain and name checked
    fingerprint,  // always, with a certificate or public key that is listed
    dane_only,    // always, with DNSSEC-secure TLSA records (RFC 7672)
};

struct MtaTlsOptions {
    MtaTls level = MtaTls::automatic;
    std::string name = {};                       // in its certificate, for SNI, and the TLSA base domain
    std::string ca_file = {};                    // empty = the system's authorities
    std::vector<std::string> fingerprints = {};  // SHA-256, 32 octets each
};

struct UpstreamOptions {
    net::ServerAddress address;
    MtaTlsOptions tls = {};
    IdentityBy identity = IdentityBy::automatic;
    /// The MTA authorises XCLIENT for every address (a private listener; `sluice check` tells), so one
    /// connection may serve many identities. If false, each identity gets a connection of its own.
    bool pooled = true;
    /// The MTA takes mail for every domain by design, as a sink does: it is not tested for relaying for
    /// strangers.
    bool takes_any_domain = false;
    /// The MTA with the lowest number is asked first; equal ones share the load.
    unsigned priority = 0;

    /// True: STARTTLS is used at least where the MTA offers it.
    bool wants_tls() const {
        return tls.level == MtaTls::automatic ? !address.is_local() : tls.level != MtaTls::none;
    }
};

struct PoolOptions {
    unsigned connections_min = 1;   // that a worker keeps open to the preferred MTA
    unsigned connections_max = 20;  // of a worker, for all MTAs together
    Seconds idle_max{60};  // an idle connection above the minimum is closed; below Postfix's smtpd_timeout
    unsigned uses_max = 1000;          // transactions on one connection
    Seconds age_max{60};               // an MTA process may use its tables as they were when it started
    Seconds relay_check{600};          // how long a proof holds that an MTA does not relay for strangers
    std::size_t waiting_max = 20'000;  // questions that wait for a connection; beyond it: 451 4.3.2
    Seconds waiting_time_max{60};      // then 451 4.3.2
    Seconds connect_timeout{5};
    Seconds command_timeout{60};   // greeting, EHLO, XCLIENT, MAIL, RCPT, RSET, DATA
    Seconds content_timeout{180};  // without progress while the message is sent
    Seconds final_timeout{540};    // reply to the dot; below the 10 min that an RFC 5321 client waits
    Seconds retry_after{1};        // pause after an MTA failed (doubling up to a minute)
    Seconds outage_wait_max{10};   // with all MTAs down for this long, questions fail with 451 4.4.1
};

enum class VerifyBy : std::uint8_t {
    mta,   // ask with MAIL, RCPT, RSET
    list,  // a file of addresses and @domains
    off,   // every recipient is 250 here; the MTA may still refuse it at delivery
};

struct VerifyOptions {
    VerifyBy by = VerifyBy::mta;
    std::string list_file;       // by = list; re-read when it changes (looked at every second)
    Seconds positive_ttl{3600};  // 0 = not cached
    Seconds negative_ttl{900};
    std::size_t cache_max = 500'000;    // addresses a worker remembers
    unsigned per_transaction_max = 10;  // recipients asked about in one MAIL transaction
};

struct RelayOptions {
    std::vector<UpstreamOptions> upstreams;
    PoolOptions pool;
    VerifyOptions verify;
    std::string hostname = "localhost";  // for our EHLO and Received
    smtp::Offer allowed = smtp::Offer::everything();
    /// Adds a Received header also where XCLIENT names the client, if the mail came over TLS: XCLIENT cannot
    /// express TLS.
    bool tls_received_header = false;
    /// MTA connections of authenticated clients, beyond those of the pool.
    unsigned auth_connections_max = 20;
};

}  // namespace sluice::relay
