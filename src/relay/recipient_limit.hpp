// How many recipients an MTA takes in one transaction, learnt from its own refusals (RFC 5321 4.5.3.1.8,
// .10).
//
// Each client is told of it at RCPT, so that it splits its list. Otherwise a message to more recipients would
// be answered 451 after its content for ever.
//
// A client can cause such a refusal where the MTA counts per client, so what one network has met holds for
// that network alone, until a second one has met the same: a limit below the 100 that RFC 5321 requires of
// every server is believed of all clients only then. A limit is forgotten after some hours, because
// the operator may have raised it; the next large message pays for that with one 451.
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
    static constexpr std::size_t networks_max = 64;  // the one that is forgotten soonest makes room

    /// The MTA has taken `taken` recipients of this client in a transaction, and said of the next that they
    /// are too many. None taken is no limit: with one it could not be kept. True: the operator should hear.
    bool learn(const IpAddress& client, std::size_t taken, Instant now);

    /// Recipients in one transaction of this client; SIZE_MAX = no limit is known.
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

    Known all_;   // whoever asks
    Known told_;  // to the operator
    std::vector<Network> networks_;
};

}  // namespace sluice::relay
