// The number of recipients that an MTA takes in one transaction, learnt from its own refusals (RFC
// 5321 4.5.3.1.8, .10).
//
// Each client is told the limit at RCPT, so that it splits its list. Otherwise a message to more recipients
// would be answered 451 after its content for ever.
//
// A client can cause such a refusal where the MTA counts per client. So a limit that one network has met
// holds for that network alone until a second network has met the same: only then is a limit below the 100
// that RFC 5321 requires of every server applied to all clients. A limit is forgotten after some hours,
// because the operator may have raised it; the next large message pays for that with one 451.
//
// Bounds: `networks_max` networks. No I/O, no clock.
#pragma once

#include <cstddef>
#include <vector>

#include "base/ip.hpp"
#include "base/time.hpp"

namespace sluice::relay {

class RecipientLimit {
  public:
    static constexpr std::size_t required = 100;  // RFC 5321 4.5.3.1.8
    static constexpr Seconds life{4 * 3600};
    static constexpr std::size_t networks_max = 64;  // the one that would expire first makes room

    /// The MTA has taken `taken` recipients of this client in a transaction, and refused the next as too
    /// many. 0 sets no limit, because no client could keep to it. True: the operator should be told.
    bool learn(const IpAddress& client, std::size_t taken, Instant now);

    /// The number of recipients that this client may name in one transaction; SIZE_MAX = no limit is known.
    std::size_t of(const IpAddress& client, Instant now) const;

  private:
    struct Known {
        std::size_t limit = 0;
        Instant until{};

        bool holds(Instant now) const { return limit != 0 && now < until; }
    };
    struct Network {
        sluice::Network network;
        Known known;
    };

    Known all_;   // for every client
    Known told_;  // what the operator was told
    std::vector<Network> networks_;
};

}  // namespace sluice::relay
