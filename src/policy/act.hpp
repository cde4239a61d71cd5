// What the operator has said of a network on a running Sluice: `sluice allow` and `sluice block`. No I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/verdict.hpp"

namespace sluice::policy {

/// It decides the lane alone, as [policy.networks] does.
struct Act {
    Lane lane = Lane::fast;
    std::string who;  // said so; a word
    std::string why;  // may be empty

    bool operator==(const Act&) const = default;
};

/// As text in the store, "reject root sends nothing but spam". Line breaks become blanks; nothing = not such
/// a text.
std::string to_text(const Act& act);
std::optional<Act> parse_act(std::string_view text);

}  // namespace sluice::policy
