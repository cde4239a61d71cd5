#include "policy/short_block.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/decimal.hpp"

namespace sluice::policy {

namespace {

using namespace std::chrono_literals;

constexpr std::array<Seconds, short_block_levels> durations{10min, 1h, 6h, 24h};
constexpr Seconds remembered_after{24h};

std::string_view reason(const Conduct& conduct, unsigned harvest_after) {
    if (conduct.viruses > 0) return "virus";
    if (conduct.traps > 0) return "trap_recipient";
    if (conduct.spam > 0) return "spam";
    // An address book that is out of date has good recipients, too.
    const bool harvest = harvest_after > 0 && conduct.unknown_recipients >= harvest_after;
    return harvest && conduct.accepted == 0 ? "harvest" : "";
}

}  // namespace

Seconds duration_of(const ShortBlock& block) {
    return durations[std::clamp(block.level, 1U, short_block_levels) - 1];
}

Seconds memory_of(const ShortBlock& block) {
    return duration_of(block) + remembered_after;
}

std::optional<ShortBlock> block_for(const Conduct& conduct, unsigned harvest_after,
                                    const std::optional<ShortBlock>& before) {
    const std::string_view why = reason(conduct, harvest_after);
    if (why.empty()) return std::nullopt;
    return ShortBlock{.level = before ? std::min(before->level + 1, short_block_levels) : 1,
                      .why = std::string(why)};
}

std::string to_text(const ShortBlock& block) {
    return fmt::format("{} {}", block.level, block.why);
}

std::optional<ShortBlock> parse_short_block(std::string_view text) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const auto level = parse_decimal<unsigned>(text.substr(0, space));
    if (!level || *level < 1 || *level > short_block_levels) return std::nullopt;
    return ShortBlock{.level = *level, .why = std::string(text.substr(space + 1))};
}

}  // namespace sluice::policy
