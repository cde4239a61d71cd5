#include "policy/networks.hpp"

#include <algorithm>
#include <functional>

namespace sluice::policy {

std::size_t NetworkTable::KeyHash::operator()(const Key& key) const noexcept {
    // Fibonacci hashing's constant spreads the prefix over the word.
    return std::hash<IpAddress>{}(key.address) ^ (key.prefix * std::size_t{0x9e3779b97f4a7c15});
}

bool NetworkTable::add(const Network& network, Lane lane) {
    const bool v4 = network.address().is_v4();
    const auto [entry, added] =
        (v4 ? entries_v4_ : entries_v6_)
            .try_emplace(Key{network.address(), network.prefix()}, lane, network.to_string());
    if (!added) return entry->second.lane == lane;

    auto& prefixes = v4 ? prefixes_v4_ : prefixes_v6_;
    const auto place = std::ranges::lower_bound(prefixes, network.prefix(), std::greater{});
    if (place == prefixes.end() || *place != network.prefix()) prefixes.insert(place, network.prefix());
    return true;
}

std::optional<NetworkTable::Match> NetworkTable::find(const IpAddress& address) const {
    const auto& entries = address.is_v4() ? entries_v4_ : entries_v6_;
    for (const unsigned prefix : address.is_v4() ? prefixes_v4_ : prefixes_v6_) {
        const auto found = entries.find(Key{address.masked(prefix), prefix});
        if (found != entries.end()) return Match{found->second.lane, found->second.text};
    }
    return std::nullopt;
}

}  // namespace sluice::policy
