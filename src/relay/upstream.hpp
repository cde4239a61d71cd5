// One MTA as a worker sees it.
#pragma once

#include <string>

#include "relay/health.hpp"
#include "relay/options.hpp"
#include "smtp/ehlo_reply.hpp"

namespace sluice::relay {

struct Upstream {
    Upstream(const UpstreamOptions& given, const PoolOptions& pool)
        : options(given), name(given.endpoint.to_string()), health(pool.retry_after) {}

    UpstreamOptions options;
    std::string name;  // "127.0.0.1:10025"
    Health health;
    smtp::EhloReply offered;  // to us, before any client's identity
    unsigned opening = 0;     // connections not yet greeted
    unsigned live = 0;        // greeted ones, leased or idle
    unsigned leased = 0;
    bool reached = false;        // offered is known
    bool told_down = false;      // the operator has heard that it is down
    bool told_identity = false;  // … and that it is not told who its clients are

    bool down() const { return health.failing() && live == 0; }
    /// One connection may serve many identities.
    bool shareable() const { return options.pooled && options.identity != IdentityBy::proxy_v2; }
};

}  // namespace sluice::relay
