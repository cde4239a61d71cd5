// Time as the pure code sees it: handed in, never read.
//
// Instants are milliseconds on a monotonic clock whose zero means nothing. Only net::Loop reads the kernel's
// clock; everything else is told, so that the simulator and the tests can own time.
#pragma once

#include <chrono>

namespace sluice {

using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

/// The clock of Instant. It has no now(): pure code must be handed the time.
struct MonotonicClock {
    using duration = Millis;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<MonotonicClock>;
    static constexpr bool is_steady = true;
};

using Instant = MonotonicClock::time_point;

}  // namespace sluice
