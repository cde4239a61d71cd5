#include "policy/networks.hpp"

namespace sluice::policy {

bool NetworkTable::add(const Network& network, Lane lane) {
    return entries_.add(network, {.lane = lane, .text = network.to_string()}).first.lane == lane;
}

std::optional<NetworkTable::Match> NetworkTable::find(const IpAddress& address) const {
    const Entry* const found = entries_.find(address);
    if (found == nullptr) return std::nullopt;
    return Match{found->lane, found->text};
}

}  // namespace sluice::policy
