#include "load/arrivals.hpp"

#include <gtest/gtest.h>

namespace load {
namespace {

TEST(Arrivals, ComeInOrderAndAsOftenAsAsked) {
    const Time begin{};
    Arrivals arrivals(begin, 200, 1);
    Time last = begin;
    unsigned count = 0;
    while (arrivals.next() < begin + std::chrono::seconds(100)) {
        const Time taken = arrivals.take();
        EXPECT_GE(taken, last);
        last = taken;
        ++count;
    }
    EXPECT_NEAR(count, 20'000, 500);  // 3.5 standard deviations
}

TEST(Arrivals, AreTheSameForTheSameSeed) {
    Arrivals one(Time{}, 10, 7);
    Arrivals other(Time{}, 10, 7);
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(one.take(), other.take());
}

}  // namespace
}  // namespace load
