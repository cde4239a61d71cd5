// The kind of world that a seed makes: the product's configuration, its peers, and how long faults occur.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "front/options.hpp"
#include "relay/options.hpp"
#include "sim/client.hpp"
#include "sim/mta.hpp"

namespace sluice::sim {

struct Scenario {
    front::FrontOptions front;
    relay::RelayOptions relay;
    bool resolves = false;  // asks for names or lists
    std::vector<MtaTraits> mtas;
    Path path;
    unsigned clients = 1;
    std::size_t letter_octets_max = 100'000;
    Seconds arrivals{60};  // all clients come within this time
    Seconds healed_after{0};
    Seconds ended_after{0};  // SIGTERM in the middle of the run; 0 = when every letter has arrived
    unsigned descriptors_max = 10'000;
    bool scarce = false;
};

/// Every value drawn is one that the configuration allows.
Scenario draw_scenario(Dice& dice);

/// A description for the reader of a trace.
std::string describe(const Scenario& scenario);

/// The facts of client number `index`: one address in eight is IPv6, some are in networks with a lane of
/// their own.
ClientFacts draw_client(Dice& dice, unsigned index);
std::vector<Letter> draw_letters(Dice& dice, unsigned client, const Scenario& scenario);

}  // namespace sluice::sim
