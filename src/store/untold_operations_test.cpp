#include "store/untold_operations.hpp"

#include <gtest/gtest.h>
#include <map>

#include "store/record.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

const IpAddress client = *IpAddress::parse("192.0.2.7");
const IpAddress neighbour = *IpAddress::parse("192.0.2.99");
const IpAddress stranger = *IpAddress::parse("198.51.100.7");
constexpr Seconds hour{3600};

class Untold : public testing::Test {
  protected:
    Outcomes perform(const Operations& operations) {
        Outcomes outcomes;
        for (const Operation& operation : operations)
            outcomes.push_back(apply(operation, records_[operation.key], now_));
        return outcomes;
    }
    bool flagged(const IpAddress& who) { return perform({untold_of_network(who)})[0].found; }
    std::optional<std::string> found(const IpAddress& who, std::string_view letter) {
        return read_untold(perform(untold_letter(who, letter)), hour);
    }

    WallMillis now_ = 1'700'000'000'000;
    std::map<std::string, std::optional<Record>> records_;
};

TEST_F(Untold, ALetterIsFoundByItsNetworkForAnHour) {
    EXPECT_FALSE(flagged(client));
    perform(remember_untold(Verb::put, client, "l1", "250 Ok", hour, hour));
    EXPECT_TRUE(flagged(client));
    EXPECT_TRUE(flagged(neighbour));
    EXPECT_FALSE(flagged(stranger));
    EXPECT_EQ(found(neighbour, "l1"), "250 Ok");
    EXPECT_EQ(found(client, "l2"), std::nullopt);
    EXPECT_EQ(found(stranger, "l1"), std::nullopt);
    now_ += 3'599'500;
    EXPECT_EQ(found(client, "l1"), "250 Ok");
    now_ += 500;
    EXPECT_EQ(found(client, "l1"), std::nullopt);
    EXPECT_FALSE(flagged(client));
}

TEST_F(Untold, OneThatWasNotDeliveredAfterAllIsForgotten) {
    perform(remember_untold(Verb::put, client, "l1", "under way", 600s, hour));
    EXPECT_EQ(found(client, "l1"), "under way");
    perform(forget_untold(client, "l1"));
    EXPECT_EQ(found(client, "l1"), std::nullopt);
    perform(remember_untold(Verb::put, client, "l1", "under way", 600s, hour));
    now_ += 600'000;
    EXPECT_EQ(found(client, "l1"), std::nullopt);
    EXPECT_TRUE(flagged(client));
}

TEST_F(Untold, WhatIsUnderWayTakesNoOthersPlace) {
    perform(remember_untold(Verb::put, client, "l1", "250 Ok", hour, hour));
    perform(remember_untold(Verb::add, client, "l1", "under way", 600s, hour));
    EXPECT_EQ(found(client, "l1"), "250 Ok");
}

TEST_F(Untold, ARecordThatWouldLastLongerIsNotBelieved) {
    perform(remember_untold(Verb::put, client, "for ever", "250 Ok", 0s, hour));
    perform(remember_untold(Verb::put, client, "a day", "250 Ok", 86'400s, hour));
    perform(remember_untold(Verb::put, client, "too long", "250 Ok", hour + 2s, hour));
    EXPECT_EQ(found(client, "for ever"), std::nullopt);
    EXPECT_EQ(found(client, "a day"), std::nullopt);
    EXPECT_EQ(found(client, "too long"), std::nullopt);
    now_ += 86'399'000;
    EXPECT_EQ(found(client, "a day"), std::nullopt) << "its last hour is not another's first";
}

TEST_F(Untold, WhatIsNotAskedForIsNotRead) {
    EXPECT_EQ(read_untold({}, hour), std::nullopt);
    EXPECT_EQ(read_untold({{}, {}}, hour), std::nullopt);
}

TEST_F(Untold, KeysFit) {
    const IpAddress longest = *IpAddress::parse("2001:db8:1111:2222:3333:4444:5555:6666");
    EXPECT_LE(untold_letter(longest, std::string(32, 'f'))[0].key.size(), key_octets_max);
}

}  // namespace
}  // namespace sluice::store
