// The operations on letters that were delivered and whose clients were not there to hear it
// (front/untold_deliveries.hpp): they come again to any worker of any machine. Pure.
//
// A flag says that there is such a letter of a network's, so that the memory is not asked for each message of
// everybody.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "base/time.hpp"
#include "store/operation.hpp"

namespace sluice::store {

/// Is there any letter of this client's network? Asked when it connects.
Operation untold_of_network(const IpAddress& client);
/// And is it this one?
Operations untold_letter(const IpAddress& client, std::string_view letter);
/// The record of the letter; nothing when there is none, or one that should last longer than `life_max`.
std::optional<std::string> read_untold(const Outcomes& outcomes, Seconds life_max);

/// The letter for `life`, and the flag of its network. `verb`: put, or add for what is to replace nothing.
Operations remember_untold(Verb verb, const IpAddress& client, std::string_view letter, std::string value,
                           Seconds life, Seconds network_life);
Operations forget_untold(const IpAddress& client, std::string_view letter);

}  // namespace sluice::store
