#include "policy/departure.hpp"

#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

TEST(Departure, Table) {
    const std::vector<BotSignature> table = {{"rustock", Seconds{21}, Seconds{1}},
                                             {"near", Seconds{23}, Seconds{2}},
                                             {"exact", Seconds{60}, Seconds{0}},
                                             {"climbot", Seconds{100}, Seconds{2}}};
    struct Case {
        int lasted_ms;
        std::string_view bot;
    };
    const Case cases[] = {
        {0, ""},
        {19'999, ""},
        {20'000, "rustock"},
        {21'000, "rustock"},
        {22'000, "rustock"},
        {22'001, "near"},
        {25'000, "near"},
        {25'001, ""},
        {59'999, ""},
        {60'000, "exact"},
        {60'001, ""},
        {97'999, ""},
        {98'000, "climbot"},
        {102'000, "climbot"},
        {102'001, ""},
        {1'000'000'000, ""},
    };
    for (const Case& c : cases)
        EXPECT_EQ(bot_that_left_after(Millis{c.lasted_ms}, table), c.bot) << c.lasted_ms;
    EXPECT_EQ(bot_that_left_after(Millis{21'000}, {}), "");
}

TEST(Departure, TheBotsThatAreKnown) {
    const auto table = known_bots();
    EXPECT_EQ(bot_that_left_after(Millis{21'400}, table), "rustock");
    EXPECT_EQ(bot_that_left_after(Millis{99'000}, table), "climbot");
}

}  // namespace
}  // namespace sluice::policy
