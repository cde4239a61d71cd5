// The operations on letters that were delivered, but whose clients left before they heard it
// (front/untold_deliveries.hpp): such a letter may come again to any worker of any machine. Pure.
//
// A flag says that there is such a letter from a network, so that the memory is not asked about every
// message.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "base/time.hpp"
#include "store/operation.hpp"

namespace sluice::store {

/// Is there any such letter from this client's network? Asked when the client connects.
Operation untold_of_network(const IpAddress& client);
/// Is it this letter?
Operations untold_letter(const IpAddress& client, std::string_view letter);
/// The record of the letter; nothing when there is none, or when it would last longer than `life_max`.
std::optional<std::string> read_untold(const Outcomes& outcomes, Seconds life_max);

/// Stores the letter for `life`, and the flag of its network. `verb` is put, or add where nothing may be
/// replaced.
Operations remember_untold(Verb verb, const IpAddress& client, std::string_view letter, std::string value,
                           Seconds life, Seconds network_life);
Operations forget_untold(const IpAddress& client, std::string_view letter);

}  // namespace sluice::store
