// The short-term blocklist: after a late and certain verdict (a trap, a virus, a harvest of addresses) a
// client is known at connect for a while, and for longer each time. No I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "policy/reputation.hpp"

namespace sluice::policy {

struct ShortBlock {
    unsigned level = 1;  // 1 to short_block_levels
    std::string why;     // a word

    bool operator==(const ShortBlock&) const = default;
};

inline constexpr unsigned short_block_levels = 4;

/// How long it lasts: 10 minutes, an hour, 6 hours, a day.
Seconds duration_of(const ShortBlock& block);
/// How long it is remembered, so that the next one lasts longer: a day beyond its end.
Seconds memory_of(const ShortBlock& block);

/// Whether this conduct deserves one, and which; `before` is the one that is remembered, if any.
std::optional<ShortBlock> block_for(const Conduct& conduct, unsigned harvest_after,
                                    const std::optional<ShortBlock>& before);

/// As text in the store, "2 trap_recipient"; nothing = not such a text.
std::string to_text(const ShortBlock& block);
std::optional<ShortBlock> parse_short_block(std::string_view text);

}  // namespace sluice::policy
