// The spaces of the memory: how keys begin, by what is kept there.
#pragma once

#include <string_view>

namespace sluice::store {

inline constexpr std::string_view act_space = "act/";      // + network: what the operator said of it
inline constexpr std::string_view block_space = "block/";  // + address: for a short time
inline constexpr std::string_view reputation_space = "reputation/";  // + address, network, ASN or country
inline constexpr std::string_view rate_space = "rate/";              // + address, network or "all"
inline constexpr std::string_view live_space = "live/";              // + the same
inline constexpr std::string_view greylist_space = "greylist/";      // + origin, sender's domain, letter
inline constexpr std::string_view recipient_space = "recipient/";    // + address: what the MTA said of it
inline constexpr std::string_view untold_space =
    "untold/";  // + network, letter: delivered, and nobody heard it

/// + a command of the operator's: put by whoever gives it, with each of its questions. It is kept nowhere,
/// but what this connection changes is logged as that command's, and a question with it is answered when
/// everything that this machine has been told is written down, or refused with the reason.
inline constexpr std::string_view command_space = "command/";

}  // namespace sluice::store
