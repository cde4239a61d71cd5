#include "base/ip.hpp"

#include <gtest/gtest.h>
#include <string>

namespace sluice {
namespace {

struct AddressCase {
    const char* text;
    const char* canonical;  // nullptr: refused
};

TEST(IpAddress, ParsesAndFormats) {
    const AddressCase cases[] = {
        {"0.0.0.0", "0.0.0.0"},
        {"192.0.2.1", "192.0.2.1"},
        {"255.255.255.255", "255.255.255.255"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:DB8::1", "2001:db8::1"},
        {"2001:db8:0:0:0:0:0:1", "2001:db8::1"},
        {"2001:0db8:0001:0001:0001:0001:0001:0001", "2001:db8:1:1:1:1:1:1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // one zero group is no run
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // the longest run
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},     // the first of equal runs
        {"::ffff:192.0.2.1", "192.0.2.1"},                 // mapped: a client has one address
        {"::ffff:c000:0201", "192.0.2.1"},
        {"::192.0.2.1", "::c000:201"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"", nullptr},
        {"192.0.2", nullptr},
        {"192.0.2.256", nullptr},
        {"192.0.2.01", nullptr},
        {"192.0.2.1 ", nullptr},
        {" 192.0.2.1", nullptr},
        {"192.0.2.1:25", nullptr},
        {"[::1]", nullptr},
        {"fe80::1%eth0", nullptr},
        {"1:2:3:4:5:6:7:8:9", nullptr},
        {"::1::", nullptr},
        {"localhost", nullptr},
        {"2001:0db8:0001:0001:0001:0001:0001:0001:0001:0001:0001", nullptr},
    };
    for (const AddressCase& c : cases) {
        const auto address = IpAddress::parse(c.text);
        EXPECT_EQ(address ? address->to_string() : "", c.canonical ? c.canonical : "") << c.text;
    }
    EXPECT_FALSE(IpAddress::parse(std::string_view("10.0.0.1\0", 9)));
}

TEST(IpAddress, KnowsItsFamilyAndLoopback) {
    EXPECT_TRUE(IpAddress().is_v4());
    EXPECT_EQ(IpAddress::parse("::1")->bits(), 128U);
    EXPECT_EQ(IpAddress::parse("127.0.0.1")->bits(), 32U);
    EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
    EXPECT_TRUE(IpAddress::parse("127.8.9.10")->is_loopback());
    EXPECT_TRUE(IpAddress::parse("::ffff:127.0.0.1")->is_loopback());
    EXPECT_FALSE(IpAddress::parse("::2")->is_loopback());
    EXPECT_FALSE(IpAddress::parse("1::1")->is_loopback());
    EXPECT_FALSE(IpAddress::parse("128.0.0.1")->is_loopback());
}

TEST(IpAddress, MasksAtEveryBit) {
    const auto address = *IpAddress::parse("255.255.255.255");
    EXPECT_EQ(address.masked(0).to_string(), "0.0.0.0");
    EXPECT_EQ(address.masked(1).to_string(), "128.0.0.0");
    EXPECT_EQ(address.masked(23).to_string(), "255.255.254.0");
    EXPECT_EQ(address.masked(24).to_string(), "255.255.255.0");
    EXPECT_EQ(address.masked(31).to_string(), "255.255.255.254");
    EXPECT_EQ(address.masked(32), address);
    EXPECT_EQ(address.masked(99), address);
    EXPECT_EQ(IpAddress::parse("2001:db8:ffff::1")->masked(33).to_string(), "2001:db8:8000::");
    EXPECT_EQ(IpAddress::parse("2001:db8::1")->masked(128).to_string(), "2001:db8::1");
}

TEST(IpAddress, FamiliesNeverCompareEqual) {
    const auto v4 = IpAddress::v4({1, 2, 3, 4});
    const auto v6 = IpAddress::v6({1, 2, 3, 4});
    EXPECT_NE(v4, v6);
    EXPECT_NE(std::hash<IpAddress>()(v4), std::hash<IpAddress>()(v6));
    EXPECT_EQ(std::hash<IpAddress>()(v4), std::hash<IpAddress>()(IpAddress::v4({1, 2, 3, 4})));
}

TEST(Network, ParsesAndFormats) {
    const AddressCase cases[] = {
        {"192.0.2.0/24", "192.0.2.0/24"},
        {"192.0.2.1", "192.0.2.1/32"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"2001:db8::/32", "2001:db8::/32"},
        {"::1", "::1/128"},
        {"192.0.2.1/24", nullptr},
        {"2001:db8::1/64", nullptr},
        {"192.0.2.0/33", nullptr},
        {"::/129", nullptr},
        {"192.0.2.0/", nullptr},
        {"192.0.2.0/-1", nullptr},
        {"192.0.2.0/24 ", nullptr},
        {"192.0.2.0/+24", nullptr},
        {"/24", nullptr},
        {"::ffff:192.0.2.0/24", nullptr},
        {"::ffff:192.0.2.0/120", nullptr},
    };
    for (const AddressCase& c : cases) {
        const auto network = Network::parse(c.text);
        EXPECT_EQ(network ? network->to_string() : "", c.canonical ? c.canonical : "") << c.text;
    }
}

TEST(Network, ContainsItsOwnFamilyOnly) {
    const Network all_v4 = *Network::parse("0.0.0.0/0");
    EXPECT_TRUE(all_v4.contains(*IpAddress::parse("203.0.113.9")));
    EXPECT_FALSE(all_v4.contains(*IpAddress::parse("::1")));
    const Network half = *Network::parse("192.0.2.128/25");
    EXPECT_TRUE(half.contains(*IpAddress::parse("192.0.2.128")));
    EXPECT_FALSE(half.contains(*IpAddress::parse("192.0.2.127")));
    EXPECT_EQ(Network(*IpAddress::parse("192.0.2.200"), 25), half);
}

}  // namespace
}  // namespace sluice
