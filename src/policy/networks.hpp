// [policy.networks]: which lane an address is put into, longest prefix first.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ip.hpp"
#include "policy/verdict.hpp"

namespace sluice::policy {

/// A set of networks, each with a lane. Look-up costs one hash probe for each prefix length in use.
class NetworkTable {
  public:
    /// False when the very same network is already there with another lane (which one would win is nobody's
    /// guess).
    [[nodiscard]] bool add(const Network& network, Lane lane);

    struct Match {
        Lane lane;
        std::string_view text;  // the network as text; lives as long as the table
    };
    std::optional<Match> find(const IpAddress& address) const;
    bool empty() const { return entries_v4_.empty() && entries_v6_.empty(); }

  private:
    struct Entry {
        Entry(Lane l, std::string t) : lane(l), text(std::move(t)) {}
        Lane lane;
        std::string text;
    };
    struct Key {
        IpAddress address;
        unsigned prefix;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const noexcept;
    };
    std::unordered_map<Key, Entry, KeyHash> entries_v4_, entries_v6_;
    std::vector<unsigned> prefixes_v4_, prefixes_v6_;  // in use, longest first
};

}  // namespace sluice::policy
