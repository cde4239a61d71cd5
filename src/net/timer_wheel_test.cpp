#include "net/timer_wheel.hpp"

#include <array>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

Instant at(Millis since_zero) {
    return Instant{since_zero};
}

struct TestTimer final : Timer {
    std::function<void()> then;
    int fired = 0;
    void on_timer() override {
        ++fired;
        if (then) then();
    }
};

TEST(TimerWheel, TimerCostsFourWords) {
    struct Bare final : Timer {
        void on_timer() override {}
    };
    EXPECT_EQ(sizeof(Bare), 32U);
}

TEST(TimerWheel, FiresAtItsDeadlineOrOneTickLateAndOnce) {
    for (const auto deadline :
         {1ms, 4ms, 5ms, 250ms, 256ms, 257ms, 16'384ms, 16'385ms, 1'048'576ms, 3'600'000ms, 67'108'865ms}) {
        TimerWheel wheel{at(0ms)};
        TestTimer timer;
        wheel.arm(timer, at(deadline));
        EXPECT_TRUE(timer.armed());
        EXPECT_EQ(timer.deadline(), at(deadline));
        wheel.advance(at(deadline - 1ms));
        EXPECT_EQ(timer.fired, 0) << deadline.count();
        wheel.advance(at(deadline + TimerWheel::tick - 1ms));
        EXPECT_EQ(timer.fired, 1) << deadline.count();
        EXPECT_FALSE(timer.armed());
        wheel.advance(at(deadline * 2 + 1h));
        EXPECT_EQ(timer.fired, 1);
    }
}

TEST(TimerWheel, StartsAnywhereInTime) {
    for (const Millis start :
         {-1'000'003ms, -1ms, 0ms, 255ms, 1'073'741'823ms, Millis{std::int64_t{1} << 50}}) {
        TimerWheel wheel{at(start)};
        TestTimer timer;
        wheel.arm(timer, at(start + 1000ms));
        wheel.advance(at(start + 999ms));
        EXPECT_EQ(timer.fired, 0) << start.count();
        wheel.advance(at(start + 1003ms));
        EXPECT_EQ(timer.fired, 1) << start.count();
    }
}

TEST(TimerWheel, DeadlineBeyondTheLastWheelIsKept) {
    TimerWheel wheel{at(0ms)};
    TestTimer timer;
    const Millis year = 365 * 24h;
    wheel.arm(timer, at(year));
    for (Millis now = 0ms; now < year; now += 24h)
        wheel.advance(at(now));
    EXPECT_EQ(timer.fired, 0);
    wheel.advance(at(year));
    EXPECT_EQ(timer.fired, 1);
}

TEST(TimerWheel, PastDeadlineFiresAtTheNextAdvance) {
    TimerWheel wheel{at(1000ms)};
    TestTimer timer;
    wheel.arm(timer, at(10ms));
    EXPECT_EQ(wheel.until_next(at(1000ms)), 0ms);
    wheel.advance(at(1000ms));
    EXPECT_EQ(timer.fired, 1);
}

TEST(TimerWheel, ReArmedAsDueFromOnTimerWaitsForTheNextAdvance) {
    TimerWheel wheel{at(0ms)};
    TestTimer timer;
    timer.then = [&] { wheel.arm(timer, at(0ms)); };
    wheel.arm(timer, at(8ms));
    wheel.advance(at(100ms));
    EXPECT_EQ(timer.fired, 1);
    EXPECT_EQ(wheel.until_next(at(100ms)), 0ms);
    wheel.advance(at(100ms));
    EXPECT_EQ(timer.fired, 2);
}

TEST(TimerWheel, ReArmedFromOnTimerForLaterInTheSameSpanFiresInIt) {
    TimerWheel wheel{at(0ms)};
    TestTimer timer;
    timer.then = [&] { wheel.arm(timer, timer.deadline() + 100ms); };
    wheel.arm(timer, at(100ms));
    wheel.advance(at(1000ms));
    EXPECT_EQ(timer.fired, 10);
}

TEST(TimerWheel, OnTimerMayDestroyItselfAndOthersOfTheSameTick) {
    TimerWheel wheel{at(0ms)};
    std::vector<std::unique_ptr<TestTimer>> timers(3);
    int fired = 0;
    for (auto& timer : timers) {
        timer = std::make_unique<TestTimer>();
        timer->then = [&] {
            ++fired;
            timers.clear();
        };
        wheel.arm(*timer, at(400ms));
    }
    wheel.advance(at(400ms));
    EXPECT_EQ(fired, 1);
    EXPECT_EQ(wheel.until_next(at(400ms)), Millis::max());
}

TEST(TimerWheel, OnTimerMayDisarmAndMoveOthersOfTheSameTick) {
    TimerWheel wheel{at(0ms)};
    TestTimer first, second, third;
    const auto others = [&](TestTimer& self) {
        return [&] {
            for (TestTimer* other : {&first, &second, &third}) {
                if (other != &self && other->armed()) wheel.arm(*other, at(500ms));
            }
        };
    };
    for (TestTimer* timer : {&first, &second, &third}) {
        timer->then = others(*timer);
        wheel.arm(*timer, at(400ms));
    }
    wheel.advance(at(400ms));
    EXPECT_EQ(first.fired + second.fired + third.fired, 1);
    wheel.advance(at(500ms));
    EXPECT_EQ(first.fired + second.fired + third.fired, 2);  // the second one moved the third to now
    wheel.advance(at(500ms));
    EXPECT_EQ(first.fired + second.fired + third.fired, 3);
}

TEST(TimerWheel, FiresNoMoreThanAllowedAndTheRestNext) {
    TimerWheel wheel{at(0ms)};
    std::array<TestTimer, 5> timers;
    for (std::size_t i = 0; i < timers.size(); ++i)
        wheel.arm(timers[i], at(i < 3 ? 8ms : 16ms));
    TestTimer overdue;
    timers[1].then = [&] { wheel.arm(overdue, at(4ms)); };
    const auto fired = [&] {
        int count = 0;
        for (const TestTimer& timer : timers)
            count += timer.fired;
        return count;
    };
    for (int calls = 1; calls <= 2; ++calls) {
        wheel.advance(at(20ms), 2);
        EXPECT_EQ(fired() + overdue.fired, 2 * calls);
        EXPECT_EQ(wheel.until_next(at(20ms)), 0ms);
    }
    wheel.advance(at(20ms), 2);
    EXPECT_EQ(fired(), 5);
    EXPECT_EQ(overdue.fired, 1);
    EXPECT_EQ(wheel.until_next(at(20ms)), Millis::max());
}

TEST(TimerWheel, SleepsLongForFarTimersAndPastDisarmedOnes) {
    TimerWheel wheel{at(0ms)};
    EXPECT_EQ(wheel.until_next(at(0ms)), Millis::max());
    TestTimer far, near;
    wheel.arm(far, at(1h));
    wheel.arm(near, at(20ms));
    EXPECT_EQ(wheel.until_next(at(0ms)), 20ms);
    near.disarm();
    int wakeups = 0;
    Millis now = 0ms;
    while (far.fired == 0) {
        const Millis wait = wheel.until_next(at(now));
        ASSERT_GT(wait, 0ms);
        now += wait;
        wheel.advance(at(now));
        ++wakeups;
    }
    EXPECT_EQ(now, 1h);
    EXPECT_LE(wakeups, 5);
}

TEST(TimerWheel, TimersOutliveTheWheel) {
    TestTimer timer;
    {
        TimerWheel wheel{at(0ms)};
        wheel.arm(timer, at(1h));
    }
    EXPECT_FALSE(timer.armed());
}

/// Makes the same calls on the wheel and on a multimap; what fires, and when, must agree to within a tick.
class AgainstModel : public testing::TestWithParam<unsigned> {
  protected:
    using Model = std::multimap<Instant, std::size_t>;

    struct ModelTimer final : Timer {
        AgainstModel* test = nullptr;
        std::size_t index = 0;
        void on_timer() override { test->fired(index); }
    };

    void SetUp() override {
        for (std::size_t i = 0; i < timers_.size(); ++i) {
            timers_[i].test = this;
            timers_[i].index = i;
            places_[i] = model_.end();
        }
    }
    void forget(std::size_t index) {
        if (places_[index] != model_.end()) model_.erase(places_[index]);
        places_[index] = model_.end();
    }
    void arm(std::size_t index) {
        // All magnitudes are equally likely: from the past to three hours.
        const double exponent = std::uniform_real_distribution<double>{0, 16}(random_);
        const auto delay = Millis{static_cast<std::int64_t>(std::exp2(exponent * 1.45)) - 10};
        forget(index);
        places_[index] = model_.emplace(now_ + delay, index);
        wheel_.arm(timers_[index], now_ + delay);
    }
    void disarm(std::size_t index) {
        forget(index);
        timers_[index].disarm();
    }
    void fired(std::size_t index) {
        ++fired_;
        ASSERT_NE(places_[index], model_.end()) << "fired while disarmed";
        ASSERT_LE(places_[index]->first, now_) << "fired early";
        forget(index);
        if (chance(3)) arm(index);
        if (chance(5)) arm(pick());
        if (chance(7)) disarm(pick());
    }
    bool chance(unsigned in) { return random_() % in == 0; }
    std::size_t pick() { return random_() % timers_.size(); }

    std::mt19937 random_{GetParam()};
    Instant now_{Millis{std::int64_t{GetParam()} * 7'777'777}};
    TimerWheel wheel_{now_};
    Model model_;
    std::array<Model::iterator, 500> places_;
    std::array<ModelTimer, 500> timers_;
    unsigned fired_ = 0;
};

TEST_P(AgainstModel, AgreesOverHours) {
    const Instant end = now_ + 12h;
    while (now_ < end) {
        for (unsigned i = random_() % 8; i > 0; --i)
            chance(3) ? disarm(pick()) : arm(pick());

        const Millis wait = wheel_.until_next(now_);
        if (!model_.empty()) {
            ASSERT_LE(now_ + wait, std::max(now_, model_.begin()->first) + TimerWheel::tick)
                << "would be late";
        }
        // Mostly sleeps as the loop does; sometimes wakes early, sometimes long overdue.
        const Millis step = wait == Millis::max() ? 1000ms : wait;
        if (chance(4))
            now_ += std::min(step, Millis{random_() % 50});
        else if (chance(10))
            now_ += step + Millis{random_() % 100'000};
        else
            now_ += step;
        if (chance(3))
            wheel_.advance(now_, static_cast<unsigned>(1 + random_() % 4));
        else
            wheel_.advance(now_);
        if (HasFatalFailure()) return;
        // Only what is due within this tick may be left: because of rounding, of arming when already due, or
        // of too many.
        for (auto left = model_.begin(); left != model_.end() && left->first <= now_ - TimerWheel::tick;
             ++left)
            ASSERT_EQ(wheel_.until_next(now_), 0ms) << "late";
    }
    EXPECT_GT(fired_, 1000U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, AgainstModel, testing::Range(1U, 9U));

}  // namespace
}  // namespace sluice::net
