// The operator's acts on networks of a running Sluice: `sluice allow` and `sluice block`. No I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/verdict.hpp"

namespace sluice::policy {

/// An act decides the lane alone, as [policy.networks] does.
struct Act {
    Lane lane = Lane::fast;
    std::string who;  // the operator who acted; one word
    std::string why;  // may be empty

    bool operator==(const Act&) const = default;
};

/// The text of an act in the store, "reject root sends nothing but spam", and its parser. Line breaks become
/// blanks; nothing = the text is not an act.
std::string to_text(const Act& act);
std::optional<Act> parse_act(std::string_view text);

}  // namespace sluice::policy
