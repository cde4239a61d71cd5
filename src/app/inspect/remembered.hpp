// What the memory holds of a network under the very name of it, and how that reads. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"
#include "store/operation.hpp"

namespace sluice::app {

/// The key in `space` under which clients of this network are counted together: an address (or an IPv6 /64),
/// a network of IPv4 /24 or IPv6 /48. Nothing for any other network.
std::optional<std::string> key_of(std::string_view space, const Network& network);

/// What is remembered of a network.
struct Parts {
    bool act = true;
    bool block = true;  // the short-term one
    bool reputation = true;
    bool counts = true;
};

/// The keys of these parts, in this order.
std::vector<std::string> keys_of(const Network& network, const Parts& parts = {});

/// A question that looks at them and changes nothing.
store::Operations look_at_all(const std::vector<std::string>& keys);

/// What was found at a key by look_at_all(), for people: "reject by root, 1h left: spam". What is not ours to
/// read is described by nothing. Its text is not yet to be shown as it is (base/shown_text.hpp).
std::string describe(std::string_view key, const store::Outcome& outcome);

/// A question that erases them.
store::Operations erase_all(const std::vector<std::string>& keys);

}  // namespace sluice::app
