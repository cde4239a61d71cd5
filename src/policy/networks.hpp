// [policy.networks]: the lane of an address, by the longest prefix.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "policy/prefix_table.hpp"
#include "policy/verdict.hpp"

namespace sluice::policy {

/// A set of networks, each with a lane.
class NetworkTable {
  public:
    /// False when the same network has been added with another lane, since it would be a guess which of the
    /// two wins.
    [[nodiscard]] bool add(const Network& network, Lane lane);

    struct Match {
        Lane lane;
        std::string_view text;  // the network as text; lives as long as the table
    };
    std::optional<Match> find(const IpAddress& address) const;
    bool empty() const { return entries_.empty(); }

  private:
    struct Entry {
        Lane lane;
        std::string text;
    };
    PrefixTable<Entry> entries_;
};

}  // namespace sluice::policy
