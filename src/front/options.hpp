// The options that an operator can set for the client side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/time.hpp"
#include "judge/options.hpp"
#include "net/socket.hpp"
#include "net/tls.hpp"
#include "policy/pacing.hpp"
#include "smtp/extensions.hpp"
#include "smtp/server.hpp"
#include "spool/spool.hpp"

namespace sluice::front {

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
    judge::PolicyOptions policy;
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
