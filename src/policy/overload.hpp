// Who is let in when there is too much to do: suspects are turned away first, then most strangers, and those
// who are known good never. No I/O.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.hpp"

namespace sluice::policy {

/// How much there is to do now, of what can be done.
struct Load {
    double sessions = 0;   // of limits.sessions_max
    double memory = 0;     // of limits.memory_octets_max; 0 where that is no limit
    double processor = 0;  // the machine's load average of a minute, a core
    Millis mta{0};         // how long MTAs have taken for an answer, of late
};

/// From where on there is too much; 0 = never for that reason.
struct OverloadOptions {
    unsigned sessions_percent = 90;
    unsigned memory_percent = 90;
    unsigned load_per_core_percent = 0;
    Millis mta_latency{0};
};

enum class Pressure : std::uint8_t {
    none,
    high,     // suspects are turned away
    higher,   // and nine of ten strangers
    highest,  // and all of them
};
std::string_view name_of(Pressure pressure);

/// `high` from an option on, and `higher` and `highest` at a third and two thirds of the way from there to
/// full: for sessions and memory 100 %, for load and latency twice the option. The worst of the four counts.
Pressure pressure_of(const Load& load, const OverloadOptions& options);

/// What is known of whoever wants to come in.
enum class Visitor : std::uint8_t { known_good, unknown, suspect };

/// `draw` is any number, evenly spread from one client to the next.
bool let_in(Visitor visitor, Pressure pressure, std::uint32_t draw);

}  // namespace sluice::policy
