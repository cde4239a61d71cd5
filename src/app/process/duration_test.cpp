#include "app/process/duration.hpp"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsANumberAndAUnit) {
    EXPECT_EQ(parse_duration("90s"), 90s);
    EXPECT_EQ(parse_duration("30m"), 30min);
    EXPECT_EQ(parse_duration("1h"), 1h);
    EXPECT_EQ(parse_duration("2d"), 48h);
    EXPECT_EQ(parse_duration("3660d"), duration_max);
}

TEST(Duration, NothingElseIsOne) {
    for (const char* text : {"", "s", "90", "1w", "-1h", "+1h", "1.5h", " 1h", "1h ", "1h30m", "0s", "1 h",
                             "1H", "3661d", "4294967296s", "4294967295d"})
        EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Duration, ReadsInItsTwoLargestUnits) {
    EXPECT_EQ(duration_text(0s), "0s");
    EXPECT_EQ(duration_text(-5s), "0s");
    EXPECT_EQ(duration_text(59s), "59s");
    EXPECT_EQ(duration_text(60s), "1m");
    EXPECT_EQ(duration_text(3599s), "59m 59s");
    EXPECT_EQ(duration_text(3600s), "1h");
    EXPECT_EQ(duration_text(3605s), "1h");
    EXPECT_EQ(duration_text(5400s), "1h 30m");
    EXPECT_EQ(duration_text(51h), "2d 3h");
}

}  // namespace
}  // namespace sluice::app
