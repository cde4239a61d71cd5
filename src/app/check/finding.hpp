// A finding: one thing that `sluice check` has found out, as a value; and how a list of them is printed.
//
// Each probe gives its findings; none knows of the others, and no text is written anywhere but here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sluice::app {

/// In the order of what an operator has to know first.
enum class Severity : std::uint8_t {
    hurts,   // mail, or good senders, will suffer: `sluice check` fails
    advice,  // works, and could be better
    off,     // a part of Sluice that this configuration does not use
    fine,    // was asked, and is as it should be
};

struct Finding {
    Severity severity = Severity::fine;
    std::string text;  // of trouble a sentence that begins with what to do; without a full stop

    bool operator==(const Finding&) const = default;
};

using Findings = std::vector<Finding>;

/// Puts `more` behind `findings`.
void add(Findings& findings, Findings more);

/// Lines, the worst first and otherwise in their order; what is too long for a line goes on in the next.
std::string findings_text(std::span<const Finding> findings);

bool any_hurts(std::span<const Finding> findings);

}  // namespace sluice::app
