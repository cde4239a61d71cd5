#include "app/remembered.hpp"

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

}  // namespace
}  // namespace sluice::app
