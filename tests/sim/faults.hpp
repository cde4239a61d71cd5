// The faults that may occur, how often in this world, and how often they did.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/dice.hpp"
#include "sim/sabotage.hpp"

namespace sluice::sim {

enum class Fault : std::uint8_t {
    client_resets,
    client_closes,
    client_half_closes,
    client_vanishes,
    client_pauses,
    client_reads_slowly,
    client_impatient,
    client_leaves_at_dot,  // it has sent everything, and soon disconnects
    client_noise,          // commands out of place, garbage, overlong lines
    client_smuggles,
    client_resets_mail,  // RSET instead of the message
    mta_refuses_connection,
    mta_never_connects,
    mta_resets,
    mta_closes,
    mta_hangs,    // one connection, for good
    mta_freezes,  // the whole MTA, for a while
    mta_restarts,
    mta_late,
    mta_garbage,
    mta_extra_reply,
    mta_says_421,
    mta_defers,
    mta_refuses,
    mta_forgets_recipient,  // says "unknown" of a recipient that it knew
    mta_refuses_identity,
    mta_out_of_step,     // 503 to MAIL, though no transaction is open
    mta_hides_xclient,   // not offered on this connection
    mta_relays,          // would relay for every client, for a while
    mta_answers_early,   // before the dot
    mta_takes_and_dies,  // 250 decided, never sent
    mta_takes_and_is_late,
    disk_full,
    disk_slow,
    no_descriptors,
    watch_refused,
    dns_fails,
    dns_silent,
    loop_stalls,
    wall_clock_steps,
    count_
};
inline constexpr std::size_t fault_kinds = static_cast<std::size_t>(Fault::count_);
std::string_view name_of(Fault fault);

using FaultCounts = std::array<std::uint64_t, fault_kinds>;

/// Each world has its own selection of faults ("swarm testing"): where everything fails all the time, a fault
/// that needs three good steps first never shows.
class Faults {
  public:
    explicit Faults(Dice dice);

    /// True: the fault occurs now, and is counted. Never once the world is healed.
    bool strikes(Fault fault);
    bool enabled(Fault fault) const { return rates_[static_cast<std::size_t>(fault)] != 0; }
    /// No fault is possible in this world.
    bool none() const;
    /// From now on no fault occurs: whatever is still owed has to come about.
    void heal() { healed_ = true; }
    bool healed() const { return healed_; }
    const FaultCounts& counts() const { return counts_; }

    /// For tests of the checker: only this fault, at this rate; and a planted bug.
    void only(Fault fault, unsigned per_mille);
    void plant(Sabotage bug) { planted_ = bug; }
    bool planted(Sabotage bug) const { return planted_ == bug; }

  private:
    Dice dice_;
    std::array<unsigned, fault_kinds> rates_{};  // of a thousand occasions
    FaultCounts counts_{};
    bool healed_ = false;
    Sabotage planted_ = Sabotage::none;
};

}  // namespace sluice::sim
