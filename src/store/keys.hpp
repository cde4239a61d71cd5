// The key spaces of the memory: each prefix, and what is kept under it.
#pragma once

#include <string_view>

namespace sluice::store {

inline constexpr std::string_view act_space = "act/";      // + network: what the operator said of it
inline constexpr std::string_view block_space = "block/";  // + address: for a short time
inline constexpr std::string_view reputation_space = "reputation/";  // + address, network, ASN or country
inline constexpr std::string_view rate_space = "rate/";              // + address, network or "all"
inline constexpr std::string_view live_space = "live/";              // + address, network or "all"
inline constexpr std::string_view greylist_space = "greylist/";      // + origin, sender's domain, letter
inline constexpr std::string_view recipient_space = "recipient/";    // + address: what the MTA said of it
inline constexpr std::string_view untold_space =
    "untold/";  // + network, letter: delivered, but its client did not hear it

/// + an operator's command, sent along with each of its questions. It is stored nowhere, but the changes of
/// this connection are logged as that command's. A question with it is answered when everything that this
/// machine was told is written down, or refused with the reason.
inline constexpr std::string_view command_space = "command/";

}  // namespace sluice::store
