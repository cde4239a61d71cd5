// The sessions of workers (front/held_sessions.hpp) as text: from a worker to its supervisor, from there to
// the command, and for people. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "front/held_sessions.hpp"

namespace sluice::app {

/// A line for the processes, one for each lane and one for each session; below 64 KiB.
std::string to_text(const front::HeldSessions& held);
/// Nothing when a line is not as to_text() writes it, or when there are more sessions than it names.
std::optional<front::HeldSessions> parse_held(std::string_view text);

/// Adds `more` to `sum`; of each lane the oldest of both remain.
void add(front::HeldSessions& sum, const front::HeldSessions& more);

struct HeldWanted {
    std::optional<policy::Lane> lane;  // nothing = all
    std::size_t top = 20;
};

/// Totals, then the oldest sessions, for people. The totals are of all lanes, whatever is wanted.
std::string held_table(const front::HeldSessions& held, const HeldWanted& wanted);

}  // namespace sluice::app
