#include "policy/pacing.hpp"

#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

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
    std::size_t left = octets;
    return play(
        octets, now, [&](Instant t) { return pace.may_write(left, t); },
        [&](std::size_t n, Instant t) {
            pace.wrote(t);
            left -= n;
        },
        [&](Instant t) { return pace.hold_write(left, t); });
}

Millis read_octets(Pace& pace, std::size_t octets, Instant& now, Reading what) {
    std::size_t left = octets;
    return play(
        octets, now, [&](Instant t) { return pace.may_read(left, t, what); },
        [&](std::size_t n, Instant) {
            pace.read();
            left -= n;
        },
        [&](Instant t) { return pace.hold_read(left, t, what); });
}

TEST(Pace, IsFullSpeedUntilSlowedDown) {
    Pace pace;
    EXPECT_FALSE(pace.slow());
    EXPECT_EQ(pace.may_write(1, start), Pace::unlimited);
    EXPECT_EQ(pace.may_read(1, start, Reading::commands), Pace::unlimited);
    EXPECT_EQ(pace.may_read(1, start, Reading::content), Pace::unlimited);
}

TEST(Pace, DripsAReplyAtItsRate) {
    const PaceOptions options;
    Pace pace;
    Instant now = start;
    pace.slow_down(options, now);
    EXPECT_EQ(write_reply(pace, 40, now), Seconds{8});
    EXPECT_EQ(pace.held(), Seconds{8});
}

TEST(Pace, PaysForADropBeforeItFalls) {
    const PaceOptions options;
    Pace pace;
    pace.slow_down(options, start);
    EXPECT_EQ(pace.may_write(120, start), 0U);
    EXPECT_EQ(pace.hold_write(120, start), start + Seconds{10});
    EXPECT_EQ(pace.may_write(120, start + Seconds{10} - Millis{1}), 0U);
    EXPECT_EQ(pace.may_write(120, start + Seconds{10}), 50U);
    pace.wrote(start + Seconds{10});
    EXPECT_EQ(pace.hold_write(70, start + Seconds{10}), start + Seconds{24}) << "the rest comes together";
    EXPECT_EQ(pace.may_write(70, start + Seconds{24}), 70U);
}

TEST(Pace, NeverExceedsItsRate) {
    for (const unsigned rate : {1U, 5U, 7U, 40U, 1000U}) {
        for (const int interval_ms : {50, 1000, 5000}) {
            PaceOptions options;
            options.out_bytes_per_s = rate;
            options.interval = Millis{interval_ms};
            Pace pace;
            Instant now = start;
            pace.slow_down(options, now);
            std::size_t octets = 0;
            for (std::size_t reply = 1; reply < 12; ++reply) {
                write_reply(pace, reply * 7, now);
                pace.exchange_done();
                octets += reply * 7;
                EXPECT_LE(octets * 1000, rate * static_cast<std::size_t>((now - start).count()));
            }
        }
    }
}

TEST(Pace, ReadsWhatHasBeenWaitedFor) {
    const PaceOptions options;
    Pace pace;
    Instant now = start;
    pace.slow_down(options, now);
    EXPECT_EQ(pace.may_read(20, now, Reading::commands), 0U);
    EXPECT_EQ(read_octets(pace, 20, now, Reading::commands), Seconds{4});
    EXPECT_EQ(read_octets(pace, 60, now, Reading::commands), Seconds{12});
    EXPECT_EQ(read_octets(pace, 220, now, Reading::content), Seconds{2});
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
    EXPECT_EQ(70.0 / seconds, 5.0);
}

TEST(Pace, ARateBelowOneOctetADropStillMoves) {
    PaceOptions options;
    options.out_bytes_per_s = 1;
    options.interval = Millis{100};
    Pace pace;
    Instant now = start;
    pace.slow_down(options, now);
    EXPECT_EQ(write_reply(pace, 4, now), Seconds{4});
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
    EXPECT_EQ(write_reply(pace, 10, now), Seconds{2}) << "the next exchange trickles again";
}

TEST(Pace, ContentKeepsTheTimerOfASendBlock) {
    const PaceOptions options;
    Pace pace;
    Instant now = start;
    pace.slow_down(options, now);
    for (int block = 0; block < 3; ++block) {
        EXPECT_LE(read_octets(pace, 16'384, now, Reading::content), Seconds{180});
    }
    EXPECT_GT(now - start, options.exchange_max) << "content is no exchange: it goes on trickling";
}

/// When octets of content were read, and how many there were by then; the client fills its window again at
/// once.
std::vector<std::pair<Instant, std::size_t>> read_content(const PaceOptions& options, std::size_t octets,
                                                          std::size_t window) {
    Pace pace;
    Instant now = start;
    pace.slow_down(options, now);
    std::vector<std::pair<Instant, std::size_t>> drops{{now, 0}};
    while (drops.back().second < octets) {
        const std::size_t allowed = pace.may_read(window, now, Reading::content);
        if (allowed == 0) {
            now = pace.hold_read(window, now, Reading::content) + Millis{4};  // a tick late
            continue;
        }
        pace.read();
        drops.emplace_back(now, drops.back().second + std::min(allowed, window));
    }
    return drops;
}

/// The longest that any 16 KiB which the client sends in one go take.
Millis slowest_block(const std::vector<std::pair<Instant, std::size_t>>& drops) {
    constexpr std::size_t block = 16'384;
    Millis slowest{0};
    for (const auto& [began, before] : drops) {
        const auto end =
            std::ranges::lower_bound(drops, before + block, {}, &std::pair<Instant, std::size_t>::second);
        if (end == drops.end()) break;
        slowest = std::max(slowest, Millis{end->first - began});
    }
    return slowest;
}

TEST(Pace, ABlockThatHasJustMissedADropIsReadInTime) {
    PaceOptions options;
    options.content_in_bytes_per_s = 110;  // the least that can be configured
    options.delay_max = Seconds{3600};
    constexpr std::size_t block = 16'384;
    for (const int interval_ms : {50, 1000, 7777, 10'000, 15'830, 20'000}) {
        options.interval = Millis{interval_ms};
        for (const std::size_t window : {2048U, 2900U, 3299U, 4029U, 8192U, 65'536U}) {
            const auto drops = read_content(options, 4 * block, window);
            EXPECT_LE(slowest_block(drops), Seconds{180}) << interval_ms << " ms, window " << window;
        }
    }
}

/// A message in chunks of `size` octets, none of them the last.
struct Chunks {
    std::vector<std::size_t> line_ends;  // of each BDAT line
    std::size_t octets = 0;

    Chunks(std::size_t size, std::size_t octets_min) {
        while (octets < octets_min) {
            line_ends.push_back(octets + std::string("BDAT \r\n").size() + std::to_string(size).size());
            octets = line_ends.back() + size;
        }
    }
};

/// When how many of the octets of `chunks` have been read, with every reply to a chunk written in between, as
/// a session does it. The client sends them in one go, and fills its window again at once.
std::vector<std::pair<Instant, std::size_t>> read_chunks(const PaceOptions& options, const Chunks& chunks,
                                                         std::size_t window) {
    Pace pace;
    Instant now = start;
    pace.slow_down(options, now);
    std::vector<std::pair<Instant, std::size_t>> drops{{now, 0}};
    std::size_t answered = 1;  // a chunk is over when the next line begins, at the latest
    while (drops.back().second < chunks.octets) {
        const std::size_t before = drops.back().second;
        const bool first_line = before < chunks.line_ends.front();
        const Reading what = first_line ? Reading::commands : Reading::content;
        const std::size_t end = first_line ? chunks.line_ends.front() : chunks.octets;
        const std::size_t pending = std::min(window, end - before);
        const std::size_t allowed = pace.may_read(pending, now, what);
        if (allowed == 0) {
            now = pace.hold_read(pending, now, what) + Millis{4};  // a tick late
            continue;
        }
        pace.read();
        const std::size_t after = before + std::min(allowed, pending);
        drops.emplace_back(now, after);
        for (; answered < chunks.line_ends.size() && chunks.line_ends[answered] <= after; ++answered) {
            EXPECT_EQ(pace.may_write(30, now, Pace::Writing::chunk_reply), Pace::unlimited);
            pace.wrote(now);
            pace.exchange_done();
        }
    }
    return drops;
}

TEST(Pace, ABlockIsReadInTimeHoweverItIsCutIntoChunks) {
    for (const unsigned rate : {1U, 5U, 1000U}) {
        for (const unsigned content_rate : {110U, 500U}) {
            for (const int interval_ms : {50, 1000, 7777, 10'000, 15'830, 20'000}) {
                for (const std::size_t size : {0U, 1U, 9U, 1000U, 16'371U, 100'000U}) {
                    PaceOptions options;  // the slowest of everything that can be configured
                    options.in_bytes_per_s = options.out_bytes_per_s = rate;
                    options.content_in_bytes_per_s = content_rate;
                    options.interval = Millis{interval_ms};
                    options.exchange_max = Seconds{110};
                    options.delay_max = Seconds{3600};
                    const Chunks chunks(size, std::size_t{3} * 16'384);
                    for (const std::size_t window : {256U, 2048U, 2900U, 3276U, 4029U, 8192U, 65'536U})
                        EXPECT_LE(slowest_block(read_chunks(options, chunks, window)), Seconds{180})
                            << rate << " and " << content_rate << " octets a second, every " << interval_ms
                            << " ms, chunks of " << size << ", window " << window;
                }
            }
        }
    }
}

TEST(Pace, ChunksAreNoFasterThanContent) {
    const PaceOptions options;
    const Chunks crumbs(1, 10'000);
    const auto drops = read_chunks(options, crumbs, 4096);
    const auto took = std::chrono::duration<double>(drops.back().first - start).count();
    EXPECT_LE(static_cast<double>(crumbs.octets), 110 * took);
}

TEST(Pace, OnlyTheRepliesToChunksAreFree) {
    const PaceOptions options;
    Pace pace;
    Instant now = start;
    pace.slow_down(options, now);
    EXPECT_EQ(pace.may_write(30, now, Pace::Writing::chunk_reply), Pace::unlimited);
    pace.exchange_done();
    EXPECT_EQ(pace.may_write(30, now, Pace::Writing::reply), 0U);
    EXPECT_EQ(write_reply(pace, 30, now), Seconds{6});
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
    EXPECT_EQ(pace.may_write(1, now), Pace::unlimited);

    pace.slow_down(options, now);
    EXPECT_FALSE(pace.slow()) << "who has paid is not asked again";
}

TEST(Pace, HoldingBothDirectionsAtOnceIsOneDelay) {
    const PaceOptions options;
    Pace pace;
    pace.slow_down(options, start);
    EXPECT_EQ(pace.hold_write(5, start), start + Seconds{1});
    EXPECT_EQ(pace.hold_read(5, start, Reading::commands), start + Seconds{1});
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

TEST(Pace, AHoldIsServedWhateverHappensMeanwhile) {
    PaceOptions options;
    options.exchange_max = Seconds{2};
    options.delay_max = Seconds{4};
    Pace pace;
    pace.slow_down(options, start);
    EXPECT_EQ(pace.hold_write(100, start), start + Seconds{2});
    EXPECT_EQ(pace.may_write(100, start + Seconds{1}), 0U);
    EXPECT_EQ(pace.hold_read(25, start + Seconds{1}, Reading::commands), start + Seconds{2});
    EXPECT_EQ(pace.may_read(25, start + Seconds{2}, Reading::commands), Pace::unlimited);
    pace.exchange_done();
    EXPECT_EQ(pace.hold_write(100, start + Seconds{2}), start + Seconds{4});
    EXPECT_EQ(pace.may_write(100, start + Seconds{3}), 0U);
    EXPECT_FALSE(pace.exhausted());
    EXPECT_EQ(pace.hold_write(100, start + Seconds{4}), start + Seconds{4});
    EXPECT_TRUE(pace.exhausted());
}

TEST(Pace, HoldsEndAtTheMomentsOfTheirPhase) {
    PaceOptions options;
    options.phase = Millis{45};  // as good as 5: the moments are 40 ms apart
    Pace pace;
    pace.slow_down(options, start);
    const Instant until = pace.hold_write(7, start);
    EXPECT_EQ(until.time_since_epoch() % Millis{40}, Millis{5});
    EXPECT_GE(until, start + Millis{1400});
    EXPECT_LT(until, start + Millis{1440});
}

TEST(Pace, PromotionEndsTheTrickle) {
    const PaceOptions options;
    Pace pace;
    pace.slow_down(options, start);
    pace.hold_write(5, start);
    EXPECT_EQ(pace.may_write(5, start), 0U);
    pace.speed_up();
    EXPECT_EQ(pace.may_write(5, start), Pace::unlimited);
    EXPECT_FALSE(pace.exhausted());
}

}  // namespace
}  // namespace sluice::policy
