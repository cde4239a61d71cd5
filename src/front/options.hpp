// The options that an operator can set for the client side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/time.hpp"
#include "net/socket.hpp"
#include "net/tls.hpp"
#include "policy/departure.hpp"
#include "policy/dns_list.hpp"
#include "policy/greylist.hpp"
#include "policy/networks.hpp"
#include "policy/overload.hpp"
#include "policy/pacing.hpp"
#include "policy/past.hpp"
#include "policy/signal_catalogue.hpp"
#include "policy/trap_recipients.hpp"
#include "policy/verdict.hpp"
#include "smtp/extensions.hpp"
#include "smtp/server.hpp"
#include "spool/spool.hpp"

namespace sluice::front {

/// Recipients that do not exist, as a signal against the client that names them.
struct UnknownRecipientOptions {
    unsigned slow_after = 10;  // in a window; 0 = off
    Seconds window{3600};
    std::size_t clients_max = 100'000;
};

struct PolicyOptions {
    policy::Lane default_lane = policy::Lane::fast;
    policy::NetworkTable networks;
    std::vector<Network> health_networks;  // monitors: never judged, and not allowed to send mail
    std::vector<policy::DnsListOptions> dns_lists;
    Millis dns_deadline{2000};  // the greeting waits no longer than this for lists and names
    policy::Thresholds thresholds;
    policy::Mode mode = policy::Mode::enforce;
    policy::SignalOptions signals;
    Millis pregreet_wait{2000};           // between the two lines of the greeting; 0 = one line only
    unsigned null_sender_recipients = 3;  // this many recipients of MAIL FROM:<> are a signal
    policy::TrapRecipients trap_recipients;
    std::vector<policy::BotSignature> bots = policy::known_bots();
    UnknownRecipientOptions unknown_recipients;
    policy::PastOptions past;
    policy::GreylistOptions greylist;
    policy::OverloadOptions overload;
    bool resolve_names = true;  // of every client, for the MTA (XCLIENT NAME, REVERSE_NAME)

    /// Whether the PTR names of clients that no network list holds are judged.
    bool judges_names() const {
        using enum policy::SignalId;
        return signals.on(no_ptr) || signals.on(ptr_unconfirmed) || signals.on(dynamic_name);
    }
    /// Whether any option needs DNS.
    bool asks_dns() const {
        return resolve_names || judges_names() || signals.on(policy::SignalId::helo_unresolvable) ||
               !dns_lists.empty();
    }
};

struct TlsOptions {
    net::TlsServerOptions certificates;  // none = STARTTLS is not offered
    Seconds handshake_timeout{60};
    unsigned handshakes_per_client_max = 0;  // per minute and worker; then 454 4.7.0; 0 = no limit
    unsigned slow_sessions_max = 5000;       // per worker; beyond it slow clients hear 454 4.7.0
};

/// PROXY protocol on connections from a load balancer (versions 1 and 2).
struct ProxyProtocolOptions {
    std::vector<Network> networks;  // connections from here begin with a header; no others may
    Seconds header_timeout{5};
    Millis check_after{1000};  // silent for this long = a health check, which is greeted; 0 = never
};

struct FrontOptions {
    smtp::ServerOptions server;
    TlsOptions tls;
    ProxyProtocolOptions proxy_protocol;
    smtp::Offer allowed = smtp::Offer::everything();
    policy::PaceOptions pace;
    PolicyOptions policy;
    spool::SpoolOptions spool;
    unsigned sessions_max = 19'000;  // per worker; one more waits in the accept queue
    std::uint64_t memory_octets_max = std::uint64_t{1} << 30;  // per worker; 0 = no limit. 452 4.3.1
    unsigned sessions_per_client_max = 0;  // per worker; IPv6 by /64; 0 = no limit. 421 4.7.0
    Seconds command_timeout{300};          // RFC 5321 4.5.3.2.7; 421 4.4.2
    Seconds content_timeout{300};          // without an octet of DATA or BDAT; 421 4.4.2
    Seconds session_time_max{14400};       // however busy the session is; 421 4.4.2
    Seconds drain_max{30};                 // after SIGTERM, for running transactions
};

}  // namespace sluice::front
