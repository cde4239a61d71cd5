// The whole behaviour of a client as a list of steps: the octets it sends, and the replies it must get.
//
// A new kind of client is a new script. Scripts are built once and shared by all clients of a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/options.hpp"

namespace load {

/// Octets sent in one write, then the replies that must come before the next step.
struct Step {
    std::string_view name;               // for the tally of failures
    std::string octets;                  // empty: only waits, as for the greeting
    std::vector<std::uint16_t> replies;  // the codes, in order; empty: none is awaited
    /// The position in `octets` of the sixteen digits of a recipient that changes from unit to unit.
    std::size_t digits_at = std::string::npos;
    bool trickled = false;  // sent a few octets at a time
};

/// Steps [0, unit_begin) open a connection, [unit_begin, unit_end) are one unit, repeated; the rest close it.
/// A unit is complete, and its latency recorded, at the last reply of step `decided_at`.
struct Script {
    std::vector<Step> steps;
    std::size_t unit_begin = 0;
    std::size_t unit_end = 0;
    std::size_t decided_at = 0;
    /// The client only connects: the one step is done as soon as it has.
    bool only_connects = false;
    /// The connection ends with a reset.
    bool resets = false;

    static constexpr std::size_t digits = 16;
};

Script make_script(const ClassOptions& options);
/// The script of the bounces among the connections of a mail class.
Script make_bounce_script(const ClassOptions& options);

/// A message of exactly `octets` (at least its header), without the final dot. It needs no dot-stuffing,
/// because no line begins with a dot.
std::string make_message(std::size_t octets);

}  // namespace load
