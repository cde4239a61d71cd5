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

TEST(Leaving, ProvesImpatienceOnlyWhereNoHonestSenderWouldHaveLeft) {
    const Wait short_wait{Awaited::mail, Seconds{10}, Seconds{3}};
    EXPECT_TRUE(leaving_proves_impatience({.awaited_reply = true, .wait = short_wait}));
    EXPECT_FALSE(leaving_proves_impatience({.awaited_reply = false, .wait = short_wait}))
        << "it was its turn";
    EXPECT_FALSE(leaving_proves_impatience({.awaited_reply = true, .put_off = true, .wait = short_wait}));
    EXPECT_FALSE(leaving_proves_impatience({.awaited_reply = true, .delivered = true, .wait = short_wait}));
    // The timers of emailjs, and of Haraka and swaks.
    EXPECT_FALSE(
        leaving_proves_impatience({.awaited_reply = true, .wait = {Awaited::mail, Seconds{9}, Seconds{5}}}));
    EXPECT_FALSE(
        leaving_proves_impatience({.awaited_reply = true, .wait = {Awaited::mail, Seconds{30}, Seconds{3}}}));
}

}  // namespace
}  // namespace sluice::policy
