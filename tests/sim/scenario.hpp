// What kind of world a seed makes: how the product is configured, who is around it, for how long it goes
// wrong.
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
    bool resolves = false;  // names or lists are asked for
    std::vector<MtaTraits> mtas;
    Path path;
    unsigned clients = 1;
    std::size_t letter_octets_max = 100'000;
    Seconds arrivals{60};  // the clients come within this time
    Seconds healed_after{0};
    Seconds ended_after{0};  // SIGTERM in the midst of it; 0 = when every letter has arrived
    unsigned descriptors_max = 10'000;
    bool scarce = false;
};

/// Every value is one that the configuration allows.
Scenario draw_scenario(Dice& dice);

/// What somebody who reads a trace wants to know of it.
std::string describe(const Scenario& scenario);

/// Client number `index`: one address in eight is IPv6, some are in networks with a lane of their own.
ClientFacts draw_client(Dice& dice, unsigned index);
std::vector<Letter> draw_letters(Dice& dice, unsigned client, const Scenario& scenario);

}  // namespace sluice::sim
