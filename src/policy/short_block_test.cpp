#include "policy/short_block.hpp"

#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

using namespace std::chrono_literals;

TEST(ShortBlock, EscalatesUpToADay) {
    const Conduct trap{.traps = 1};
    std::optional<ShortBlock> block;
    for (const Seconds duration : {Seconds{10min}, Seconds{1h}, Seconds{6h}, Seconds{24h}, Seconds{24h}}) {
        block = block_for(trap, 0, block);
        ASSERT_TRUE(block);
        EXPECT_EQ(duration_of(*block), duration);
        EXPECT_EQ(memory_of(*block), duration + 24h);
    }
}

TEST(ShortBlock, OnlyForWhatIsCertain) {
    struct Case {
        Conduct conduct;
        std::string_view why;  // empty = none
    };
    const Case cases[] = {
        {{}, ""},
        {{.accepted = 5}, ""},
        {{.refused = 100}, ""},
        {{.left_early = true}, ""},
        {{.unknown_recipients = 9}, ""},
        {{.unknown_recipients = 10}, "harvest"},
        {{.accepted = 1, .unknown_recipients = 10}, ""},
        {{.traps = 1}, "trap_recipient"},
        {{.accepted = 1, .traps = 1}, "trap_recipient"},
        {{.spam = 1}, "spam"},
        {{.viruses = 1}, "virus"},
    };
    for (const Case& c : cases) {
        const auto block = block_for(c.conduct, 10, std::nullopt);
        EXPECT_EQ(block ? block->why : "", c.why);
    }
    EXPECT_FALSE(block_for({.unknown_recipients = 1000}, 0, std::nullopt)) << "switched off";
}

TEST(ShortBlock, ComesBackFromText) {
    const ShortBlock block{.level = 3, .why = "trap_recipient"};
    EXPECT_EQ(to_text(block), "3 trap_recipient");
    EXPECT_EQ(parse_short_block(to_text(block)), block);
    for (const std::string_view text : {"", "3", "x spam", "0 spam", "5 spam", "-1 spam", "99999999999 spam"})
        EXPECT_FALSE(parse_short_block(text)) << text;
}

}  // namespace
}  // namespace sluice::policy
