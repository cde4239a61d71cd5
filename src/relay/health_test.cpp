#include "relay/health.hpp"

#include <gtest/gtest.h>

namespace sluice::relay {
namespace {

TEST(Health, WaitsLongerEachTime) {
    Health health{Seconds{5}};
    Instant now{Seconds{100}};
    EXPECT_TRUE(health.may_try(now));
    for (const Seconds wait : {Seconds{5}, Seconds{10}, Seconds{20}, Seconds{40}, Seconds{60}, Seconds{60}}) {
        health.failed(now);
        EXPECT_TRUE(health.failing());
        EXPECT_EQ(health.retry_at(), now + wait);
        EXPECT_FALSE(health.may_try(now + wait - Millis{1}));
        now += wait;
        EXPECT_TRUE(health.may_try(now));
    }
    health.succeeded();
    EXPECT_FALSE(health.failing());
    health.failed(now);
    EXPECT_EQ(health.retry_at(), now + Seconds{5});
}

TEST(Health, CountsAFallOfManyAsOne) {
    Health health{Seconds{5}};
    const Instant now{Seconds{100}};
    for (int i = 0; i < 20; ++i)
        health.failed(now + Millis{i});
    EXPECT_EQ(health.retry_at(), now + Seconds{5});
}

}  // namespace
}  // namespace sluice::relay
