#include "policy/overload.hpp"

#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

using namespace std::chrono_literals;
using enum Pressure;

TEST(Overload, PressureGrowsWithTheLoad) {
    const OverloadOptions options{
        .sessions_percent = 70, .memory_percent = 90, .load_per_core_percent = 200, .mta_latency = 1000ms};
    struct Case {
        Load load;
        Pressure pressure;
    };
    const Case cases[] = {
        {{}, none},
        {{.sessions = 0.699}, none},
        {{.sessions = 0.70}, high},
        {{.sessions = 0.799}, high},
        {{.sessions = 0.801}, higher},
        {{.sessions = 0.899}, higher},
        {{.sessions = 0.901}, highest},
        {{.sessions = 1.0}, highest},
        {{.memory = 0.89}, none},
        {{.memory = 0.9}, high},
        {{.memory = 1.5}, highest},
        {{.processor = 1.9}, none},
        {{.processor = 2.0}, high},
        {{.processor = 4.0}, highest},
        {{.mta = 999ms}, none},
        {{.mta = 1000ms}, high},
        {{.mta = 1500ms}, higher},
        {{.sessions = 0.7, .memory = 1.0}, highest},
    };
    for (const Case& c : cases)
        EXPECT_EQ(name_of(pressure_of(c.load, options)), name_of(c.pressure))
            << c.load.sessions << " " << c.load.memory << " " << c.load.processor << " "
            << c.load.mta.count();
}

TEST(Overload, WhatIsNotLimitedIsNoReason) {
    const OverloadOptions off{
        .sessions_percent = 0, .memory_percent = 0, .load_per_core_percent = 0, .mta_latency = 0ms};
    EXPECT_EQ(pressure_of({.sessions = 1, .memory = 1, .processor = 100, .mta = 1h}, off), none);
    EXPECT_EQ(pressure_of({.processor = 100, .mta = 1h}, {}), none) << "nor are these by default";
}

TEST(MtaLatency, FollowsTheAnswers) {
    MtaLatency latency;
    Instant now{1h};
    EXPECT_EQ(latency.at(now), 0ms) << "before the first";
    for (const Millis time : {800ms, 100ms}) {
        for (int answer = 0; answer < 100; ++answer)
            latency.took(time, now += 10ms);
        EXPECT_NEAR(static_cast<double>(latency.at(now).count()), static_cast<double>(time.count()), 10);
    }
}

/// An MTA that is asked once in a while, and is slow with one answer, is not overloaded.
TEST(MtaLatency, OneSlowAnswerSaysLittle) {
    MtaLatency latency;
    const Instant first{1h};
    latency.took(1600ms, first);
    EXPECT_EQ(latency.at(first), 100ms);
    const Instant later = first + MtaLatency::fresh_max + 1ms;
    latency.took(3200ms, later);
    EXPECT_EQ(latency.at(later), 200ms) << "neither after a pause, whatever was known before it";
    latency.took(1ms, later + 1min);
    latency.took(16ms, later + 1min);
    EXPECT_EQ(latency.at(later + 1min), 1ms) << "answers of a millisecond count, too";
}

/// When strangers are turned away because of it, there may be no client left whose recipient an MTA is asked
/// about.
TEST(MtaLatency, IsForgottenWhenNobodyAsks) {
    MtaLatency latency;
    const Instant asked{1h};
    latency.took(16s, asked);
    EXPECT_EQ(latency.at(asked + MtaLatency::fresh_max), 1s);
    EXPECT_EQ(latency.at(asked + MtaLatency::fresh_max + 1ms), 0ms);
    latency.took(320ms, asked + 1min);
    EXPECT_EQ(latency.at(asked + 1min), 20ms) << "and the old one counts no more";
}

TEST(Overload, SuspectsGoFirstAndTheKnownNever) {
    struct Case {
        Visitor visitor;
        Pressure pressure;
        unsigned of_a_hundred;
    };
    const Case cases[] = {
        {Visitor::known_good, none, 100}, {Visitor::known_good, highest, 100}, {Visitor::unknown, none, 100},
        {Visitor::unknown, high, 100},    {Visitor::unknown, higher, 10},      {Visitor::unknown, highest, 0},
        {Visitor::suspect, none, 100},    {Visitor::suspect, high, 0},         {Visitor::suspect, highest, 0},
    };
    for (const Case& c : cases) {
        unsigned let = 0;
        for (std::uint32_t draw = 0; draw < 100; ++draw)
            let += let_in(c.visitor, c.pressure, draw) ? 1 : 0;
        EXPECT_EQ(let, c.of_a_hundred) << static_cast<int>(c.visitor) << " " << name_of(c.pressure);
    }
}

}  // namespace
}  // namespace sluice::policy
