// Time for pure code, which is told the time and never reads a clock.
//
// Instants are milliseconds on a monotonic clock whose zero has no meaning. Only net::Loop reads the kernel's
// clock; all other code is told the time, so that the simulator and the tests can set it.
#pragma once

#include <chrono>

namespace sluice {

using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

/// The clock of Instant. It has no now(), because pure code is told the time.
struct MonotonicClock {
    using duration = Millis;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<MonotonicClock>;
    static constexpr bool is_steady = true;
};

using Instant = MonotonicClock::time_point;

}  // namespace sluice
