// Durations as an operator writes and reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace sluice::app {

/// The store keeps no record for longer.
inline constexpr Seconds duration_max{10LL * 366 * 86'400};

/// Reads "90s", "30m", "1h" or "2d"; above zero and at most duration_max.
std::optional<Seconds> parse_duration(std::string_view text);

/// Writes the two largest units: "2d 3h", "1h 30m", "59s".
std::string duration_text(Seconds duration);

}  // namespace sluice::app
