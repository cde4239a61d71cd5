// Admission under load: suspects are turned away first, then most strangers, and clients known to be good
// never. No I/O.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.hpp"

namespace sluice::policy {

/// The present load, as a share of the capacity.
struct Load {
    double sessions = 0;   // of limits.sessions_max
    double memory = 0;     // of limits.memory_octets_max; 0 when there is no limit
    double processor = 0;  // the machine's load average of one minute, divided by its cores
    Millis mta{0};         // recent time of an MTA for an answer
};

/// The loads from which there is too much to do; 0 = this load does not matter.
struct OverloadOptions {
    unsigned sessions_percent = 90;
    unsigned memory_percent = 90;
    unsigned load_per_core_percent = 0;
    Millis mta_latency{0};
};

/// How long MTAs take for an answer, of late.
class MtaLatency {
  public:
    /// An answer that is older says nothing: who is turned away because of it would never lead to another
    /// one.
    static constexpr Millis fresh_max{10'000};

    /// Each answer counts for a sixteenth, the first one of all and the first after `fresh_max` as well: one
    /// slow answer says little of an MTA. Answers of a second or so ago count for little on a busy worker.
    void took(Millis time, Instant now);
    /// 0 = nothing is known.
    Millis at(Instant now) const {
        return now - last_ > fresh_max ? Millis{0} : std::chrono::duration_cast<Millis>(smoothed_);
    }

  private:
    std::chrono::microseconds smoothed_{0};  // finer than the answers: a sixteenth of one must not be lost
    Instant last_{};
};

enum class Pressure : std::uint8_t {
    none,
    high,     // suspects are turned away
    higher,   // and nine of ten strangers
    highest,  // and all strangers
};
std::string_view name_of(Pressure pressure);

/// The pressure is `high` from an option on, and `higher` and `highest` at a third and two thirds of the way
/// from there to full: 100 % for sessions and memory, twice the option for load and latency. The worst of the
/// four counts.
Pressure pressure_of(const Load& load, const OverloadOptions& options);

/// How well the client that wants to come in is known.
enum class Visitor : std::uint8_t { known_good, unknown, suspect };

/// Whether the client is let in. `draw` is any number that is evenly spread over the clients.
bool let_in(Visitor visitor, Pressure pressure, std::uint32_t draw);

}  // namespace sluice::policy
