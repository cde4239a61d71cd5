#include "app/check/redis.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Redis, WhatToDoFollowsFromWhatItSaid) {
    EXPECT_EQ(judge_redis("192.0.2.7:6379", ""),
              (Finding{Severity::fine, "Redis 192.0.2.7:6379 keeps records"}));
    const auto advice = [](std::string_view trouble) { return judge_redis("192.0.2.7:6379", trouble).text; };
    EXPECT_THAT(advice("192.0.2.7:6379: Connection refused"),
                StartsWith("Start Redis, or correct store: 192.0.2.7:6379: Connection refused. "));
    EXPECT_THAT(advice("h:1: it said WRONGPASS invalid username-password pair or user is disabled."),
                StartsWith("Put the right password into store"));
    EXPECT_THAT(advice("h:1: it said NOAUTH Authentication required."),
                StartsWith("Put its password into store"));
    EXPECT_THAT(advice("h:1: it said ERR AUTH <password> called without any password configured for the "
                       "default user."),
                StartsWith("Take the password out of store"));
    EXPECT_THAT(advice("h:1: it is a replica, not a master"), StartsWith("Name the master in store"));
    EXPECT_THAT(advice("h:1: it said NOPERM User x has no permissions"), HasSubstr("keys and commands"));
    EXPECT_THAT(advice("h:1: it said MISCONF Redis is configured to save"), StartsWith("Mend the disk"));
    EXPECT_THAT(advice("h:1: it said ERR DB index is out of range"), StartsWith("Name a database"));
    EXPECT_EQ(judge_redis("h", "x").severity, Severity::hurts);
}

}  // namespace
}  // namespace sluice::app
