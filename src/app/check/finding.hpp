// One result of `sluice check` as a value, and how a list of results is printed.
//
// Each probe returns its findings, and no probe knows another. All text is written here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sluice::app {

/// In the order of importance to an operator.
enum class Severity : std::uint8_t {
    hurts,   // mail or good senders will suffer: `sluice check` fails
    advice,  // works, and could be better
    off,     // a part of Sluice that this configuration does not use
    fine,    // was checked, and is as it should be
};

struct Finding {
    Severity severity = Severity::fine;
    std::string text;  // of trouble: a sentence that begins with what to do; without a full stop

    bool operator==(const Finding&) const = default;
};

using Findings = std::vector<Finding>;

/// Appends `more` to `findings`.
void add(Findings& findings, Findings more);

/// The findings as lines, the worst first and otherwise in their order; long ones continue on the next line.
std::string findings_text(std::span<const Finding> findings);

bool any_hurts(std::span<const Finding> findings);

}  // namespace sluice::app
