// The state that all actors of one trial share.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "relay/options.hpp"
#include "sim/agenda.hpp"
#include "sim/dice.hpp"
#include "sim/faults.hpp"
#include "sim/kernel.hpp"
#include "sim/ledger.hpp"
#include "sim/trace.hpp"

namespace sluice::sim {

struct World {
    World(std::uint64_t seed, bool keep_trace)
        : dice(seed), faults(dice.fork()), trace(agenda, keep_trace), kernel(agenda, faults, dice.fork()) {}

    /// Makes a connection to or from the product, over a path with random properties. `side` is 'C' or 'M',
    /// for the trace.
    std::shared_ptr<Link> make_link(char side) {
        Path each = path;
        const bool far = side == 'C';  // an MTA is on the same premises
        each.latency = Micros{dice.magnitude(50, far ? 200'000 : 10'000)};
        each.jitter = Micros{dice.chance(500) ? 0 : dice.magnitude(1, far ? 100'000 : 5000)};
        if (faults.planted(Sabotage::hold_reply) && side == 'C') each.latency = Seconds{700};
        if (faults.planted(Sabotage::hush_reply) && side == 'C') each.latency = Seconds{10};
        links.push_back(std::make_shared<Link>(agenda, trace, dice.fork(), each,
                                               static_cast<unsigned>(links.size() + 1), side));
        return links.back();
    }
    /// True: no fault can be active any more, so what goes wrong now is the product's fault.
    bool calm() const { return agenda.now() >= calm_from; }

    Agenda agenda;
    Dice dice;
    Faults faults;
    Trace trace;
    Kernel kernel;
    Ledger ledger;
    Path path;
    std::vector<std::shared_ptr<Link>> links;  // link n is links[n - 1]
    std::shared_ptr<Door> door;

    // The product's configuration, as far as its peers can observe it.
    bool verified = true;                 // the MTA is asked about recipients
    bool normalises = false;              // bare newlines
    std::uint64_t size_max = UINT64_MAX;  // of a message
    bool scarce = false;                  // some resource is so scarce that 4yz is a valid answer at any time
    bool leaving = false;                 // it has been told to end
    Micros calm_from{Micros::max()};
    std::uint64_t sessions = 0;
};

}  // namespace sluice::sim
