#include "policy/pacing.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

using Reading = Pace::Reading;

constexpr Instant start{Millis{1'000'000}};

/// Plays a transfer of `octets` to its end on a virtual clock; returns how long it took.
template <typename May, typename Moved, typename Hold>
Millis play(std::size_t octets, Instant& now, May may, Moved moved, Hold hold) {
    const Instant began = now;
    while (octets > 0) {
        const std::size_t allowed = may(now);
        if (allowed == 0) {
            const Instant until = hold(now);
            EXPECT_GE(until, now);
            now = std::max(until, now);
            continue;
        }
        const std::size_t n = std::min(octets, allowed);
        moved(n, now);
        octets -= n;
    }
    return now - began;
}

Millis write_reply(Pace& pace, std::size_t octets, Instant& now) {
    return play(
        octets, now, [&](Instant t) { return pace.may_write(t); },
        [&](std::size_t n, Instant t) { pace.wrote(n, t); }, [&](Instant t) { return pace.hold_write(t); });
}

Millis read_octets(Pace& pace, std::size_t octets, Instant& now, Reading what) {
    return play(
        octets, now, [&](Instant t) { return pace.may_read(t, what); },
        [&](std::size_t n, Instant t) { pace.read(n, t, what); },
        [&](Instant t) { return pace.hold_read(t, what); });
}

TEST(Pace, IsFullSpeedUntilSlowedDown) {
    Pace pace;
    EXPECT_FALSE(pace.slow());
    EXPECT_EQ(pace.may_write(start), Pace::unlimited);
    EXPECT_EQ(pace.may_read(start, Reading::commands), Pace::unlimited);
    EXPECT_EQ(pace.may_read(start, Reading::content), Pace::unlimited);
}

TEST(Pace, DripsAReplyAtItsRate) {
    const PaceOptions options;
    Pace pace;
    Instant now = start;
    pace.slow_down(options, now);
    // The first drop goes at once, each later one a second after the one before: 40 octets are 8 drops, 7
    // waits.
    EXPECT_EQ(write_reply(pace, 40, now), Seconds{7});
    EXPECT_EQ(pace.held(), Seconds{7});
}

TEST(Pace, KeepsItsAverageAcrossShortReplies) {
    const PaceOptions options;
    Pace pace;
    Instant now = start;
    pace.slow_down(options, now);
    for (int reply = 0; reply < 10; ++reply) {
        write_reply(pace, 7, now);
        pace.exchange_done();
    }
    const double seconds = static_cast<double>((now - start).count()) / 1000.0;
    EXPECT_LE(65.0 / seconds, 5.0 + 0.3) << "70 octets, the last drop unwaited for, took " << seconds << " s";
}

TEST(Pace, ARateBelowOneOctetADropStillMoves) {
    PaceOptions options;
    options.out_bytes_per_s = 1;
    options.interval = Millis{100};
    Pace pace;
    Instant now = start;
    pace.slow_down(options, now);
    EXPECT_EQ(write_reply(pace, 4, now), Seconds{3});
}

TEST(Pace, AnExchangeIsHeldNoLongerThanItsBound) {
    const PaceOptions options;
    Pace pace;
    Instant now = start;
    pace.slow_down(options, now);
    const Millis read = read_octets(pace, 400, now, Reading::commands);
    const Millis written = write_reply(pace, 2000, now);
    EXPECT_EQ(read + written, options.exchange_max);

    pace.exchange_done();
    EXPECT_EQ(write_reply(pace, 10, now), Seconds{1}) << "the next exchange trickles again";
}

TEST(Pace, ContentKeepsTheTimerOfASendBlock) {
    const PaceOptions options;
    Pace pace;
    Instant now = start;
    pace.slow_down(options, now);
    for (int block = 0; block < 3; ++block) {
        EXPECT_LE(read_octets(pace, 16 * 1024, now, Reading::content), Seconds{180});
    }
    EXPECT_GT(now - start, options.exchange_max) << "content is no exchange: it goes on trickling";
}

TEST(Pace, ASessionIsHeldForDelayMaxAndThenGoesFree) {
    const PaceOptions options;
    Pace pace;
    Instant now = start;
    pace.slow_down(options, now);
    EXPECT_EQ(read_octets(pace, 1'000'000, now, Reading::content), options.delay_max);
    EXPECT_EQ(pace.held(), options.delay_max);
    EXPECT_TRUE(pace.exhausted());
    EXPECT_FALSE(pace.slow());
    EXPECT_EQ(pace.may_write(now), Pace::unlimited);

    pace.slow_down(options, now);
    EXPECT_FALSE(pace.slow()) << "who has paid is not asked again";
}

TEST(Pace, HoldingBothDirectionsAtOnceIsOneDelay) {
    const PaceOptions options;
    Pace pace;
    pace.slow_down(options, start);
    pace.wrote(5, start);
    pace.read(5, start, Reading::commands);
    EXPECT_EQ(pace.hold_write(start), start + Seconds{1});
    EXPECT_EQ(pace.hold_read(start, Reading::commands), start + Seconds{1});
    EXPECT_EQ(pace.held(), Seconds{1});
}

TEST(Pace, AnyRatesKeepAPatientClientWithinItsTimers) {
    // RFC 5321 4.5.3.2 for whatever an operator sets: a command of 512 octets with a reply of 512 within 5
    // min, the DATA command and its 354 within 2 min.
    for (const unsigned rate : {1U, 2U, 5U, 50U, 5000U}) {
        for (const int interval_ms : {100, 1000, 5000, 20000}) {
            PaceOptions options;
            options.in_bytes_per_s = options.out_bytes_per_s = rate;
            options.interval = Millis{interval_ms};
            Pace pace;
            Instant now = start;
            pace.slow_down(options, now);
            EXPECT_LE(read_octets(pace, 512, now, Reading::commands) + write_reply(pace, 512, now),
                      Seconds{300});
            pace.exchange_done();
            EXPECT_LE(read_octets(pace, 6, now, Reading::commands) + write_reply(pace, 37, now),
                      Seconds{120});
        }
    }
}

TEST(Pace, PromotionEndsTheTrickle) {
    const PaceOptions options;
    Pace pace;
    pace.slow_down(options, start);
    pace.wrote(5, start);
    EXPECT_EQ(pace.may_write(start), 0U);
    pace.speed_up();
    EXPECT_EQ(pace.may_write(start), Pace::unlimited);
    EXPECT_FALSE(pace.exhausted());
}

}  // namespace
}  // namespace sluice::policy
