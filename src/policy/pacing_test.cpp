#include "policy/pacing.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

#include "policy/patience.hpp"

namespace sluice::policy {
namespace {

constexpr Instant start{Millis{1'000'000}};

/// The times of a reply as its client sees them.
struct Played {
    Millis first{0};    // from `asked` to the first octet
    Millis total{0};    // from `asked` to the last octet
    Millis silence{0};  // the longest silence, also before the first octet
    std::size_t pieces = 0;
};

/// Plays a reply of `octets` that is known at `now`, on a clock that wakes `late` after each hold.
Played play(Pace& pace, std::size_t octets, Instant& now, Instant asked, Millis late = Millis{0}) {
    Played played;
    Instant heard = asked;
    while (octets > 0) {
        const std::size_t allowed = pace.may_write(octets, now);
        if (allowed == 0) {
            const Instant until = pace.hold_write(octets, now, asked);
            EXPECT_GE(until, now);
            now = until > now ? until + late : now;
            continue;
        }
        octets -= std::min(octets, allowed);
        pace.wrote(now);
        if (played.pieces++ == 0) played.first = now - asked;
        played.silence = std::max(played.silence, now - heard);
        heard = now;
    }
    pace.reply_done();
    played.total = now - asked;
    return played;
}

TEST(Pace, IsFullSpeedUntilSlowedDown) {
    const Pace pace;
    EXPECT_FALSE(pace.slow());
    EXPECT_EQ(pace.may_write(1, start), Pace::unlimited);
    EXPECT_EQ(pace.may_read(1, start), Pace::unlimited);
}

TEST(Pace, StretchesAReplyToItsTime) {
    const PaceOptions options;
    Pace pace;
    pace.slow_down(options);
    Instant now = start + Millis{300};
    const Played played = play(pace, 14, now, now);
    EXPECT_EQ(played.first, Millis{1'700}) << "within two seconds, at a full one";
    EXPECT_EQ(played.total, Millis{21'700});
    EXPECT_EQ(played.silence, Seconds{4});
    EXPECT_EQ(played.pieces, 6U) << "no more than the silence between them asks for";
    EXPECT_EQ(pace.held(), Millis{21'700});
}

TEST(Pace, AReplyTakesNoLongerForBeingLong) {
    const PaceOptions options;
    for (const std::size_t octets : {7U, 14U, 80U, 500U, 4000U}) {
        Pace pace;
        pace.slow_down(options);
        Instant now = start;
        EXPECT_EQ(play(pace, octets, now, now).total, Seconds{22}) << octets;
    }
}

TEST(Pace, FewerOctetsThanPiecesAreNeverSilent) {
    const PaceOptions options;
    for (const std::size_t octets : {1U, 2U, 3U, 6U}) {
        Pace pace;
        pace.slow_down(options);
        Instant now = start;
        const Played played = play(pace, octets, now, now);
        EXPECT_EQ(played.pieces, octets);
        EXPECT_LE(played.silence, options.silence_max);
    }
}

TEST(Pace, TimeThatWentByBeforeIsPartOfTheReply) {
    const PaceOptions options;
    Pace pace;
    pace.slow_down(options);
    Instant now = start + Seconds{15};
    EXPECT_EQ(play(pace, 14, now, start).total, Seconds{22});
    Instant late = start + Seconds{60};
    EXPECT_EQ(play(pace, 14, late, start).total, Seconds{60}) << "it has waited for long enough";
    Instant soon = start + Seconds{3};
    EXPECT_EQ(play(pace, 14, soon, start).first, Seconds{4}) << "two more would be a silence of five";
}

TEST(Pace, FiveRepliesOutlastABotOfAHundredSeconds) {
    const PaceOptions options;
    for (int offset_ms = 0; offset_ms < 1000; offset_ms += 100) {
        Pace pace;
        pace.slow_down(options);
        Instant now = start + Millis{offset_ms};
        const Instant connected = now;
        for (const std::size_t octets : {28U, 140U, 14U, 14U, 37U}) {
            now += Millis{1};  // its command comes at once
            play(pace, octets, now, now);
        }
        EXPECT_GE(now - connected, Seconds{105});
    }
}

// With every configuration that is accepted, no timer of any sender runs out during any reply it waits for.
TEST(Pace, TouchesNoClockOfAnHonestSender) {
    for (const int reply_s : {1, 2, 5, 13, 21, 24, 25}) {
        for (const int silence_ms : {1000, 1500, 2000, 3000, 4000, 4500}) {
            for (const int phase_ms : {0, 5, 995}) {
                const PaceOptions options{
                    .reply = Seconds{reply_s}, .silence_max = Millis{silence_ms}, .phase = Millis{phase_ms}};
                for (const std::size_t octets : {1U, 6U, 8U, 14U, 29U, 140U, 1900U}) {
                    for (int offset_ms = 0; offset_ms < 1000; offset_ms += 90) {
                        Pace pace;
                        pace.slow_down(options);
                        Instant now = start + Millis{offset_ms};
                        const Played played = play(pace, octets, now, now);
                        ASSERT_LE(played.first, Seconds{2});
                        ASSERT_LE(played.silence, std::max(Millis{silence_ms}, Millis{1000}));
                        ASSERT_LE(played.total, Pace::reply_time_max);
                        for (std::size_t what = 0; what < awaited_count; ++what) {
                            const Wait wait{static_cast<Awaited>(what), played.total, played.silence};
                            ASSERT_EQ(sender_lost_by(wait), nullptr) << reply_s << ' ' << silence_ms;
                        }
                        const Seconds least{octets < 27 ? 0 : std::min(reply_s, 24)};
                        ASSERT_GE(played.total, least) << "a reply with octets enough takes its time";
                    }
                }
            }
        }
    }
}

TEST(Pace, ALateLoopDoesNotLengthenAReply) {
    const PaceOptions options;
    Pace pace;
    pace.slow_down(options);
    Instant now = start;
    const Played played = play(pace, 140, now, now, Millis{400});
    EXPECT_LE(played.total, Millis{22'400});
    EXPECT_LE(played.silence, Millis{4400});
}

TEST(Pace, HoldsEndAtCommonMoments) {
    for (const int phase_ms : {0, 250, 995}) {
        const PaceOptions options{.phase = Millis{phase_ms}};
        Pace pace;
        pace.slow_down(options);
        Instant now = start + Millis{123};
        while (pace.may_write(20, now) == 0) {
            now = pace.hold_write(20, now, start);
            EXPECT_EQ(now.time_since_epoch() % Millis{1000}, Millis{phase_ms});
        }
    }
}

TEST(Pace, AHoldThatIsAskedForAgainCountsOnce) {
    const PaceOptions options;
    Pace pace;
    pace.slow_down(options);
    const Instant until = pace.hold_write(20, start, start);
    EXPECT_EQ(pace.hold_write(20, start + Millis{10}, start), until);
    EXPECT_EQ(pace.held(), until - start);
}

TEST(Pace, ASessionIsHeldNoLongerThanItsBound) {
    for (const int delay_s : {0, 1, 30, 600}) {
        const PaceOptions options{.delay_max = Seconds{delay_s}};
        Pace pace;
        pace.slow_down(options);
        Instant now = start;
        for (int reply = 0; reply < 60; ++reply)
            play(pace, 50, now, now);
        EXPECT_EQ(pace.held(), Seconds{delay_s});
        EXPECT_EQ(now - start, Seconds{delay_s});
        EXPECT_TRUE(pace.exhausted());
        pace.slow_down(options);
        EXPECT_FALSE(pace.slow()) << "it has paid";
    }
}

TEST(Pace, PromotionEndsTheTrickleAtOnce) {
    const PaceOptions options;
    Pace pace;
    pace.slow_down(options);
    pace.hold_write(50, start, start);
    pace.speed_up();
    EXPECT_EQ(pace.may_write(50, start), Pace::unlimited);
    pace.slow_down(options);
    EXPECT_EQ(pace.may_write(50, start), 0U);
}

TEST(Pace, SlowContentKeepsASendBlockWithinItsThreeMinutes) {
    const PaceOptions options;
    Pace pace;
    pace.slow_down(options);
    Instant now = start;
    std::size_t left = 16'384;
    while (left > 0) {
        const std::size_t allowed = pace.may_read(left, now);
        if (allowed == 0) {
            now = pace.hold_read(now);
            continue;
        }
        left -= allowed;
        pace.read();
    }
    EXPECT_EQ(now - start, Seconds{150}) << "16 KiB in drops of 1,100 octets";
}

}  // namespace
}  // namespace sluice::policy
