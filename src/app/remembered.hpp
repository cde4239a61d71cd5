// What the memory holds of a network under the very name of it. Pure.
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

/// All keys that `sluice forget` erases: the act, the short-term block, the reputation and the counts.
std::vector<std::string> keys_of(const Network& network);

/// A question that erases them.
store::Operations erase_all(const std::vector<std::string>& keys);

}  // namespace sluice::app
