#include "app/inspect/remembered.hpp"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using Keys = std::vector<std::string>;

Keys keys(std::string_view network) {
    return keys_of(Network::parse(network).value());
}

TEST(Remembered, OfAnAddress) {
    EXPECT_EQ(keys("192.0.2.7"),
              (Keys{"act/192.0.2.7/32", "block/192.0.2.7", "reputation/192.0.2.7", "rate/192.0.2.7"}));
}

TEST(Remembered, AnIpv6ClientIsItsNetworkOf64) {
    const Keys rest{"block/2001:db8::", "reputation/2001:db8::", "rate/2001:db8::"};
    Keys of_64 = keys("2001:db8::/64"), of_one = keys("2001:db8::1");
    EXPECT_EQ(of_64.front(), "act/2001:db8::/64");
    EXPECT_EQ(of_one.front(), "act/2001:db8::1/128");
    of_64.erase(of_64.begin());
    of_one.erase(of_one.begin());
    EXPECT_EQ(of_64, rest);
    EXPECT_EQ(of_one, rest);
}

TEST(Remembered, OfNetworksThatAreCountedTogether) {
    EXPECT_EQ(keys("192.0.2.0/24"), (Keys{"act/192.0.2.0/24", "block/192.0.2.0/24", "reputation/192.0.2.0/24",
                                          "rate/192.0.2.0/24"}));
    EXPECT_EQ(keys("2001:db8::/48").at(2), "reputation/2001:db8::/48");
}

TEST(Remembered, OfOthersOnlyWhatWasSaidOfThem) {
    EXPECT_EQ(keys("192.0.2.0/25"), Keys{"act/192.0.2.0/25"});
    EXPECT_EQ(keys("192.0.0.0/16"), Keys{"act/192.0.0.0/16"});
    EXPECT_EQ(keys("2001:db8::/56"), Keys{"act/2001:db8::/56"});
    EXPECT_EQ(keys("2001:db8::/127"), Keys{"act/2001:db8::/127"});
}

TEST(Remembered, OfTheWantedParts) {
    const Network client = Network::parse("192.0.2.7").value();
    EXPECT_EQ(keys_of(client, {.block = false, .reputation = false, .counts = false}),
              Keys{"act/192.0.2.7/32"});
    EXPECT_EQ(keys_of(client, {.act = false, .block = false, .counts = false}), Keys{"reputation/192.0.2.7"});
    EXPECT_EQ(keys_of(client, {.act = false, .block = false, .reputation = false, .counts = false}), Keys{});
}

TEST(Remembered, IsLookedAtAndLeftAlone) {
    for (const store::Operation& operation : look_at_all(keys("192.0.2.7"))) {
        EXPECT_TRUE(operation.verb == store::Verb::get || operation.verb == store::Verb::weigh ||
                    operation.verb == store::Verb::count);
        EXPECT_EQ(operation.good + operation.bad, 0);
        EXPECT_EQ(operation.counts, store::Counts{});
    }
}

TEST(Remembered, ReadsAsASentence) {
    store::Outcome act{.found = true, .value = "reject root spam run"};
    EXPECT_EQ(describe("act/192.0.2.0/24", act), "reject by root, for ever: spam run");
    act.left = Seconds{3600};
    act.value = "slow root";
    EXPECT_EQ(describe("act/192.0.2.0/24", act), "slow by root, 1h left");
    EXPECT_EQ(describe("block/192.0.2.7", {.value = "2 harvest"}), "short-term block, level 2, harvest");
    EXPECT_EQ(describe("reputation/192.0.2.7", {.good = 1, .bad = 30}), "good 1.00, bad 30.00");
    EXPECT_EQ(describe("rate/192.0.2.7", {}), "counts of what it did of late");
    EXPECT_EQ(describe("act/192.0.2.0/24", {.value = "no lane"}), "");
    EXPECT_EQ(describe("block/192.0.2.7", {.value = "x"}), "");
    EXPECT_EQ(describe("greylist/example.org", {.value = "waiting"}), "");
}

}  // namespace
}  // namespace sluice::app
