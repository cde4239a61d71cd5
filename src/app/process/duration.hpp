// Spans of time as an operator writes and reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace sluice::app {

/// No record of the memory is kept for longer.
inline constexpr Seconds duration_max{10LL * 366 * 86'400};

/// "90s", "30m", "1h" or "2d"; above zero, and duration_max at most.
std::optional<Seconds> parse_duration(std::string_view text);

/// In its two largest units: "2d 3h", "1h 30m", "59s".
std::string duration_text(Seconds duration);

}  // namespace sluice::app
