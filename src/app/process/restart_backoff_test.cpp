#include "app/process/restart_backoff.hpp"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

TEST(RestartBackoff, TheFirstRestartComesWithinASecond) {
    RestartBackoff backoff;
    EXPECT_LT(backoff.died_after(Millis{0}), Millis{1000});
    EXPECT_FALSE(backoff.looping());
}

TEST(RestartBackoff, PausesDoubleUpToTheLongest) {
    RestartBackoff backoff;
    Millis before = backoff.died_after(Millis{10});
    for (int i = 0; i < 20; ++i) {
        const Millis pause = backoff.died_after(Millis{10});
        EXPECT_EQ(pause, std::min(before * 2, RestartBackoff::longest));
        before = pause;
    }
    EXPECT_EQ(before, Millis{30'000});
}

TEST(RestartBackoff, DeathsInARowAreALoop) {
    RestartBackoff backoff;
    backoff.died_after(Millis{0});
    backoff.died_after(Millis{0});
    EXPECT_FALSE(backoff.looping());
    backoff.died_after(Millis{0});
    EXPECT_TRUE(backoff.looping());
    EXPECT_EQ(backoff.deaths(), 3U);
}

TEST(RestartBackoff, AWorkerThatLivedHasACleanRecord) {
    RestartBackoff backoff;
    for (int i = 0; i < 5; ++i)
        backoff.died_after(Millis{0});
    const Millis almost = backoff.died_after(RestartBackoff::clean_after - Millis{1});
    EXPECT_GT(almost, RestartBackoff::first);
    EXPECT_EQ(backoff.died_after(RestartBackoff::clean_after), RestartBackoff::first);
    EXPECT_FALSE(backoff.looping());
}

}  // namespace
}  // namespace sluice::app
