// What an operator can set about the MTA side; defaults are what a stock Postfix behind Sluice wants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "net/socket.hpp"
#include "smtp/extensions.hpp"

namespace sluice::relay {

/// How the MTA learns who the client is.
enum class IdentityBy : std::uint8_t {
    automatic,  // XCLIENT; an MTA that does not offer it is treated as down
    xclient,    // the same
    proxy_v2,   // PROXY protocol v2 before each connection (one connection per client identity)
    none,       // the MTA sees Sluice as the client; a Received header names the true one
};

/// How the connection to the MTA is encrypted, in the words of Postfix's smtp_tls_security_level.
enum class MtaTls : std::uint8_t {
    automatic,  // may, and none where the MTA is on this machine
    none,
    may,          // where it offers STARTTLS, whatever its certificate; without it after a failed handshake
    encrypt,      // always, whatever its certificate
    verify,       // always, its certificate's chain and name checked
    fingerprint,  // always, its certificate or public key known
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
    /// XCLIENT is authorised for every address there (a private listener, `sluice check` tells): one
    /// connection may serve many identities. Otherwise each identity gets a connection of its own.
    bool pooled = true;
    /// It takes mail for everybody by design, as a sink does: it is not asked whether it relays for
    /// strangers.
    bool takes_any_domain = false;
    /// Lower is asked first; equal ones share the load.
    unsigned priority = 0;

    /// STARTTLS is said at least where it is offered.
    bool wants_tls() const {
        return tls.level == MtaTls::automatic ? !address.is_local() : tls.level != MtaTls::none;
    }
};

struct PoolOptions {
    unsigned connections_min = 1;   // a worker keeps open to the preferred MTA
    unsigned connections_max = 20;  // a worker, all MTAs together
    Seconds idle_max{60};  // an idle connection above the minimum is closed; below Postfix's smtpd_timeout
    unsigned uses_max = 1000;          // transactions on one connection
    Seconds age_max{60};               // an MTA process may look at its tables as they were when it began
    Seconds relay_check{600};          // so long a proof that an MTA does not relay for strangers holds
    std::size_t waiting_max = 20'000;  // questions waiting for a connection; one more is answered 451 4.3.2
    Seconds waiting_time_max{60};      // then 451 4.3.2
    Seconds connect_timeout{5};
    Seconds command_timeout{60};   // greeting, EHLO, XCLIENT, MAIL, RCPT, RSET, DATA
    Seconds content_timeout{180};  // without progress while the message is sent
    Seconds final_timeout{540};    // reply to the dot; under the 10 min an RFC 5321 client waits
    Seconds retry_after{1};        // an MTA that failed is not asked again for so long (doubling to a minute)
    Seconds outage_wait_max{10};   // with all MTAs down for so long, questions wait no more: 451 4.4.1
};

enum class VerifyBy : std::uint8_t {
    mta,   // ask with MAIL, RCPT, RSET
    list,  // a file of addresses and @domains
    off,   // every recipient is 250 here, and refused by the MTA at delivery if at all
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
    /// A Received header also where XCLIENT names the client, if it came over TLS: XCLIENT has no word for
    /// that.
    bool tls_received_header = false;
    /// MTA connections of authenticated clients, beyond those of the pool.
    unsigned auth_connections_max = 20;
};

}  // namespace sluice::relay
