// The sessions of workers (front/held_sessions.hpp) as text. A worker sends it to its supervisor, which sends
// it to the command; a third form is for people. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "front/held_sessions.hpp"

namespace sluice::app {

/// One line for the processes, one for each lane and one for each session; less than 64 KiB.
std::string to_text(const front::HeldSessions& held);
/// Nothing when a line is not as to_text() writes it, or when it names more sessions than to_text() ever
/// does.
std::optional<front::HeldSessions> parse_held(std::string_view text);

/// Adds `more` to `sum`. Of each lane the oldest sessions of both are kept.
void add(front::HeldSessions& sum, const front::HeldSessions& more);

struct HeldWanted {
    std::optional<policy::Lane> lane;  // nothing = all
    std::size_t top = 20;
};

/// Totals and then the oldest sessions, for people. The totals cover all lanes, whatever `wanted` says.
std::string held_table(const front::HeldSessions& held, const HeldWanted& wanted);

}  // namespace sluice::app
