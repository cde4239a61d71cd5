#include "policy/networks.hpp"

#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

Network network(const char* text) {
    return Network::parse(text).value();
}

TEST(NetworkTable, LongestPrefixWinsInEitherFamily) {
    NetworkTable table;
    EXPECT_TRUE(table.empty());
    // The networks are not added in the order of their lengths.
    EXPECT_TRUE(table.add(network("192.0.2.0/24"), Lane::slow));
    EXPECT_TRUE(table.add(network("192.0.2.25"), Lane::fast));
    EXPECT_TRUE(table.add(network("192.0.2.128/25"), Lane::reject));
    EXPECT_TRUE(table.add(network("192.0.0.0/16"), Lane::defer));
    EXPECT_TRUE(table.add(network("2001:db8::/32"), Lane::slow));
    EXPECT_TRUE(table.add(network("2001:db8:1::/48"), Lane::reject));
    EXPECT_TRUE(table.add(network("2001:db8:1::25/128"), Lane::fast));
    EXPECT_FALSE(table.empty());

    struct Case {
        const char* address;
        std::optional<Lane> lane;
        const char* text;
    };
    const Case cases[] = {
        {"192.0.2.1", Lane::slow, "192.0.2.0/24"},
        {"192.0.2.25", Lane::fast, "192.0.2.25/32"},
        {"::ffff:192.0.2.25", Lane::fast, "192.0.2.25/32"},
        {"192.0.2.127", Lane::slow, "192.0.2.0/24"},
        {"192.0.2.128", Lane::reject, "192.0.2.128/25"},
        {"192.0.3.0", Lane::defer, "192.0.0.0/16"},
        {"192.1.0.0", std::nullopt, ""},
        {"0.0.0.0", std::nullopt, ""},
        {"2001:db8::1", Lane::slow, "2001:db8::/32"},
        {"2001:db8:1:ffff::", Lane::reject, "2001:db8:1::/48"},
        {"2001:db8:1::25", Lane::fast, "2001:db8:1::25/128"},
        {"2001:db9::", std::nullopt, ""},
        {"::", std::nullopt, ""},
    };
    for (const Case& c : cases) {
        const auto match = table.find(IpAddress::parse(c.address).value());
        ASSERT_EQ(match.has_value(), c.lane.has_value()) << c.address;
        if (!match) continue;
        EXPECT_EQ(match->lane, *c.lane) << c.address;
        EXPECT_EQ(Network::parse(match->text), network(c.text)) << c.address;
    }
}

TEST(NetworkTable, EverybodyIsANetworkToo) {
    NetworkTable table;
    EXPECT_TRUE(table.add(network("0.0.0.0/0"), Lane::slow));
    EXPECT_EQ(table.find(IpAddress::parse("203.0.113.9").value())->lane, Lane::slow);
    EXPECT_FALSE(table.find(IpAddress::parse("::1").value())) << "IPv4 says nothing about IPv6";
    EXPECT_TRUE(table.add(network("::/0"), Lane::defer));
    EXPECT_EQ(table.find(IpAddress::parse("::1").value())->lane, Lane::defer);
}

TEST(NetworkTable, SaidTwiceIsFineAndContradictedIsNot) {
    NetworkTable table;
    EXPECT_TRUE(table.add(network("192.0.2.0/24"), Lane::slow));
    EXPECT_TRUE(table.add(network("192.0.2.0/24"), Lane::slow));
    EXPECT_FALSE(table.add(network("192.0.2.0/24"), Lane::fast));
    EXPECT_EQ(table.find(IpAddress::parse("192.0.2.1").value())->lane, Lane::slow);
    EXPECT_TRUE(table.add(network("192.0.2.0/25"), Lane::fast));
}

}  // namespace
}  // namespace sluice::policy
