#include "front/untold_deliveries.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <string>

namespace sluice::front {
namespace {

constexpr Instant start{Millis{1'000'000}};
const UntoldDelivery delivered{.reply = {250, "2.0.0 Ok: queued as 1"}};
const UntoldDelivery under_way{.under_way = true};

TEST(UntoldDeliveries, ALetterIsKnownForAnHour) {
    UntoldDeliveries letters;
    EXPECT_EQ(letters.find("a", start), nullptr);
    letters.put("a", delivered, start);
    ASSERT_NE(letters.find("a", start), nullptr);
    EXPECT_EQ(*letters.find("a", start), delivered);
    EXPECT_EQ(letters.find("b", start), nullptr);
    EXPECT_NE(letters.find("a", start + Seconds{3600} - Millis{1}), nullptr);
    EXPECT_EQ(letters.find("a", start + Seconds{3600}), nullptr);
}

TEST(UntoldDeliveries, OneUnderWayIsPutOffForAsLongAsAnMtaMayTake) {
    UntoldDeliveries letters;
    letters.put("a", under_way, start);
    EXPECT_NE(letters.find("a", start + Seconds{600} - Millis{1}), nullptr);
    EXPECT_EQ(letters.find("a", start + Seconds{600}), nullptr);
    letters.put("a", delivered, start + Seconds{700});
    EXPECT_EQ(*letters.find("a", start + Seconds{4299}), delivered);
    letters.put("b", under_way, start);
    letters.forget("b");
    EXPECT_EQ(letters.find("b", start), nullptr);
    letters.forget("never seen");
    letters.put("c", delivered, start);
    letters.forget("c");
    EXPECT_NE(letters.find("c", start), nullptr) << "what another copy was answered stays";
}

TEST(UntoldDeliveries, TheOldestGoesFirst) {
    UntoldDeliveries letters(3);
    for (const int letter : {1, 2, 3})
        letters.put(fmt::format("{}", letter), delivered, start + Millis{letter});
    EXPECT_EQ(letters.size(), 3U);
    EXPECT_NE(letters.find("1", start), nullptr);
    letters.put("4", delivered, start + Millis{4});
    EXPECT_EQ(letters.size(), 3U);
    EXPECT_EQ(letters.find("1", start), nullptr);
    EXPECT_NE(letters.find("2", start), nullptr);
}

TEST(UntoldDeliveries, TheBoundIsTenThousand) {
    UntoldDeliveries letters;
    for (std::size_t i = 0; i < UntoldDeliveries::entries_max; ++i)
        letters.put(fmt::format("{}", i), delivered, start);
    EXPECT_EQ(letters.size(), 10'000U);
    EXPECT_NE(letters.find("0", start), nullptr);
    letters.put("one more", delivered, start);
    EXPECT_EQ(letters.size(), 10'000U);
    EXPECT_EQ(letters.find("0", start), nullptr);
}

TEST(UntoldDeliveries, WhatIsPutAgainAndForgottenIsBoundedToo) {
    UntoldDeliveries letters(3);
    for (int i = 0; i < 100; ++i)
        letters.put("a", delivered, start + Millis{i / 2});
    EXPECT_EQ(letters.size(), 1U);
    EXPECT_NE(letters.find("a", start + Millis{100}), nullptr);
}

TEST(UntoldDeliveries, OldOnesLeaveNothingBehind) {
    UntoldDeliveries letters;
    for (int i = 0; i < 100; ++i)
        letters.put(fmt::format("{}", i), delivered, start);
    letters.put("new", delivered, start + Seconds{3600});
    EXPECT_EQ(letters.size(), 1U);
}

TEST(UntoldDelivery, AsARecordAndBack) {
    EXPECT_EQ(parse_untold_delivery(to_text(delivered)), delivered);
    EXPECT_EQ(parse_untold_delivery(to_text(under_way)), under_way);
    EXPECT_EQ(to_text({.reply = {250, "2.0.0 one\n2.0.0 two"}}), "250 2.0.0 Ok");
    // text_octets_max
    EXPECT_EQ(to_text({.reply = {250, std::string(507, 'x')}}), "250 2.0.0 Ok");
    EXPECT_EQ(to_text({.reply = {250, std::string(506, 'x')}}), "250 " + std::string(506, 'x'));
}

TEST(UntoldDelivery, WhatIsNot250IsNotBelieved) {
    const std::string rows[] = {"",
                                "250",
                                "251 2.0.0 Ok",
                                "550 5.1.1 no",
                                "354 go on",
                                "421 4.3.2 go away",
                                "250-2.0.0 Ok",
                                "250 2.0.0 Ok\r\n221 bye",
                                "250 2.0.0 \x80",
                                std::string("250 2.0.0 \0", 11),
                                "250 " + std::string(507, 'x'),  // text_octets_max
                                "under way "};
    for (const std::string& row : rows)
        EXPECT_EQ(parse_untold_delivery(row), std::nullopt) << row;
    EXPECT_NE(parse_untold_delivery("250 " + std::string(506, 'x')), std::nullopt);
}

}  // namespace
}  // namespace sluice::front
