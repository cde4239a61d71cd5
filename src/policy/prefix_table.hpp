// Values for networks, found by address: the longest prefix wins. A look-up costs one hash probe for each
// prefix length in use.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ip.hpp"

namespace sluice::policy {

template <class T>
class PrefixTable {
  public:
    /// Returns the value of exactly this network, `value` unless it had one already; and whether it is new.
    template <class Value = T>
    std::pair<T&, bool> add(const Network& network, Value&& value) {
        Side& side = network.address().is_v4() ? v4_ : v6_;
        const auto [entry, added] =
            side.entries.try_emplace(Key{network.address(), network.prefix()}, std::forward<Value>(value));
        const auto place = std::ranges::lower_bound(side.prefixes, network.prefix(), std::greater{});
        if (place == side.prefixes.end() || *place != network.prefix())
            side.prefixes.insert(place, network.prefix());
        return {entry->second, added};
    }

    /// The value of the longest network that holds the address and counts; null when there is none. Lives as
    /// long as the table.
    template <class Counts>
    const T* find(const IpAddress& address, Counts counts) const {
        const Side& side = address.is_v4() ? v4_ : v6_;
        for (const unsigned prefix : side.prefixes) {
            const auto found = side.entries.find(Key{address.masked(prefix), prefix});
            if (found != side.entries.end() && counts(found->second)) return &found->second;
        }
        return nullptr;
    }
    const T* find(const IpAddress& address) const {
        return find(address, [](const T&) { return true; });
    }

    bool empty() const { return v4_.entries.empty() && v6_.entries.empty(); }
    std::size_t size() const { return v4_.entries.size() + v6_.entries.size(); }

  private:
    struct Key {
        IpAddress address;
        unsigned prefix;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const noexcept {
            // The constant of Fibonacci hashing spreads the prefix over the word.
            return std::hash<IpAddress>{}(key.address) ^ (key.prefix * std::size_t{0x9e3779b97f4a7c15});
        }
    };
    struct Side {
        std::unordered_map<Key, T, KeyHash> entries;
        std::vector<unsigned> prefixes;  // in use, longest first
    };

    Side v4_, v6_;
};

}  // namespace sluice::policy
