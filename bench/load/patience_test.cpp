#include "load/patience.hpp"

#include <gtest/gtest.h>
#include <map>

namespace load {
namespace {

TEST(Patience, IsOneOfTheSpikesAsOftenAsTheOthers) {
    std::mt19937_64 random(1);  // NOLINT(cert-msc51-cpp): the same draw every time
    std::map<std::chrono::nanoseconds, int> drawn;
    for (int i = 0; i < 3000; ++i)
        ++drawn[draw_patience(random, 0.1)];
    ASSERT_EQ(drawn.size(), 3U);
    for (const auto spike : {2100, 3000, 10'000})
        EXPECT_NEAR(drawn[std::chrono::milliseconds(spike)], 1000, 130) << spike;
}

}  // namespace
}  // namespace load
