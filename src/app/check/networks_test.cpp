#include "app/check/networks.hpp"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace sluice::app {
namespace {

using testing::HasSubstr;

std::string trusted(std::string_view mynetworks) {
    std::string all;
    for (const Network& network : trusted_networks(mynetworks))
        all += (all.empty() ? "" : " ") + network.to_string();
    return all;
}

TEST(TrustedNetworks, AreReadAsPostfixWritesThem) {
    // Debian's default, and an operator's additions.
    EXPECT_EQ(trusted("127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128"), "");
    EXPECT_EQ(trusted("127.0.0.0/8, 192.168.7.0/24,[2001:db8:7::]/48\t10.1.2.3"),
              "192.168.7.0/24 2001:db8:7::/48 10.1.2.3/32");
    EXPECT_EQ(trusted("192.168.7.0/24 192.168.7.0/24"), "192.168.7.0/24");
    EXPECT_EQ(trusted("!192.168.7.9 192.168.7.0/24 /etc/postfix/net cidr:/etc/postfix/cidr printer"),
              "192.168.7.0/24");
    EXPECT_EQ(trusted(""), "");
}

TEST(TrustedNetworks, HalfTheWorldIsNotToBeFast) {
    EXPECT_EQ(trusted("0.0.0.0/0 64.0.0.0/7 10.0.0.0/8 [::]/0 [2000::]/3"), "10.0.0.0/8");
}

policy::NetworkTable table(std::initializer_list<const char*> networks) {
    policy::NetworkTable made;
    for (const char* network : networks)
        EXPECT_TRUE(made.add(Network::parse(network).value(), policy::Lane::fast));
    return made;
}

TEST(NetworksFindings, PrintTheLineThatIsMissing) {
    const Findings findings = networks_findings("127.0.0.0/8 192.168.7.0/24 [2001:db8::]/32", {});
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].severity, Severity::advice);
    EXPECT_THAT(findings[0].text,
                testing::StartsWith(R"(Set policy.networks.fast = ["192.168.7.0/24", "2001:db8::/32"]: )"));
}

TEST(NetworksFindings, NameOnlyWhatNoNetworkHolds) {
    const char* const mynetworks = "127.0.0.0/8 192.168.7.0/24 10.0.0.0/8";
    EXPECT_TRUE(networks_findings(mynetworks, table({"192.168.0.0/16", "10.0.0.0/8"})).empty());
    // A part of a network does not cover the whole.
    const Findings findings = networks_findings(mynetworks, table({"192.168.0.0/16", "10.0.0.0/9"}));
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_THAT(findings[0].text, HasSubstr("Add \"10.0.0.0/8\" to policy.networks.fast: "));
}

TEST(NetworksFindings, SayWhatIsNotRead) {
    const Findings findings = networks_findings("127.0.0.0/8, cidr:/etc/postfix/our.cidr", {});
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_THAT(findings[0].text, HasSubstr("cidr:/etc/postfix/our.cidr"));
}

}  // namespace
}  // namespace sluice::app
