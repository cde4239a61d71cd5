// The records that the store holds under the name of a network, and its form for people. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"
#include "store/operation.hpp"

namespace sluice::app {

/// The key in `space` under which the clients of this network are counted together: an address (or an IPv6
/// /64), or a network of IPv4 /24 or IPv6 /48. Nothing for any other network.
std::optional<std::string> key_of(std::string_view space, const Network& network);

/// The kinds of records about a network.
struct Parts {
    bool act = true;
    bool block = true;  // the short-term block
    bool reputation = true;
    bool counts = true;
};

/// The keys of these parts, in the order of Parts.
std::vector<std::string> keys_of(const Network& network, const Parts& parts = {});

/// A question that reads these keys and changes nothing.
store::Operations look_at_all(const std::vector<std::string>& keys);

/// Describes what look_at_all() found at a key, for people: "reject by root, 1h left: spam". Empty for a
/// record that is not ours to read. The text must still pass base/shown_text.hpp before it is shown.
std::string describe(std::string_view key, const store::Outcome& outcome);

/// A question that erases these keys.
store::Operations erase_all(const std::vector<std::string>& keys);

}  // namespace sluice::app
