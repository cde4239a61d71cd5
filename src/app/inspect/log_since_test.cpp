#include "app/inspect/log_since.hpp"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

constexpr std::chrono::sys_seconds noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 30} +
                                        std::chrono::hours{12}};

TEST(LogSince, ASpanCountsFromNow) {
    EXPECT_EQ(parse_log_since("2d", noon)->text, "2026-11-28T12:00:00");
    EXPECT_EQ(parse_log_since("90s", noon)->text, "2026-11-30T11:58:30");
    EXPECT_EQ(parse_log_since("90s", noon)->seconds, noon.time_since_epoch().count() - 90);
}

TEST(LogSince, ADateIsThatDayAndATimeThatMoment) {
    EXPECT_EQ(parse_log_since("2026-11-29", noon)->text, "2026-11-29T00:00:00");
    EXPECT_EQ(parse_log_since("2026-11-29 07:05", noon)->text, "2026-11-29T07:05:00");
    EXPECT_EQ(parse_log_since("2026-11-29T07:05:09Z", noon)->text, "2026-11-29T07:05:09");
    EXPECT_EQ(parse_log_since("2026-11-30", noon)->seconds, noon.time_since_epoch().count() - 12 * 3600);
}

TEST(LogSince, AnythingElseIsNone) {
    for (const char* text :
         {"", "x", "2", "2026", "2026-11", "2026-13-01", "2026-02-30", "2026-11-29 25:00", "2026-11-29 07:61",
          "2026-11-29 07:05:09:01", "2026-11-29x", "2026-11-29 ", "-2d", "26-11-29"})
        EXPECT_FALSE(parse_log_since(text, noon)) << text;
}

}  // namespace
}  // namespace sluice::app
