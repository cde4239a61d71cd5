// The short-term blocklist: after a late and certain verdict (a trap, a virus, a harvest of addresses) a
// client is blocked at connect for a while, and for longer each time. No I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "policy/reputation.hpp"

namespace sluice::policy {

struct ShortBlock {
    unsigned level = 1;  // 1 to short_block_levels
    std::string why;     // one word

    bool operator==(const ShortBlock&) const = default;
};

inline constexpr unsigned short_block_levels = 4;

/// The duration of a block by its level: 10 minutes, an hour, 6 hours, a day.
Seconds duration_of(const ShortBlock& block);
/// The time for which a block is remembered, so that the next one lasts longer: a day beyond its end.
Seconds memory_of(const ShortBlock& block);

/// The block that this conduct deserves, if any; `before` is the remembered one, if any.
std::optional<ShortBlock> block_for(const Conduct& conduct, unsigned harvest_after,
                                    const std::optional<ShortBlock>& before);

/// The text of a block in the store, "2 trap_recipient", and its parser; nothing = the text is not a block.
std::string to_text(const ShortBlock& block);
std::optional<ShortBlock> parse_short_block(std::string_view text);

}  // namespace sluice::policy
