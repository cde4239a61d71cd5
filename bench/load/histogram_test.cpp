#include "load/histogram.hpp"

#include <gtest/gtest.h>

namespace load {
namespace {

using std::chrono::nanoseconds;

TEST(Histogram, EmptyHasNoPercentile) {
    EXPECT_EQ(Histogram().percentile(0.5), nanoseconds(0));
}

TEST(Histogram, SmallValuesAreExact) {
    Histogram histogram;
    for (int i = 1; i <= 100; ++i)
        histogram.add(nanoseconds(i));
    EXPECT_EQ(histogram.percentile(0), nanoseconds(1));
    EXPECT_EQ(histogram.percentile(0.5), nanoseconds(50));
    EXPECT_EQ(histogram.percentile(0.99), nanoseconds(99));
    EXPECT_EQ(histogram.percentile(1), nanoseconds(100));
}

TEST(Histogram, IsWithinItsErrorAtEveryScale) {
    for (std::int64_t value = 1; value < std::int64_t{1} << 60; value = value * 3 + 1) {
        Histogram histogram;
        histogram.add(nanoseconds(value));
        const auto found = histogram.percentile(1).count();
        EXPECT_GE(found, value);
        EXPECT_LE(static_cast<double>(found - value), static_cast<double>(value) / 64) << value;
    }
}

TEST(Histogram, AClockThatWentBackwardsIsZero) {
    Histogram histogram;
    histogram.add(nanoseconds(-5));
    EXPECT_EQ(histogram.percentile(1), nanoseconds(0));
}

}  // namespace
}  // namespace load
