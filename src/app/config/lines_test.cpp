#include "app/config/lines.hpp"

#include <fstream>
#include <gtest/gtest.h>

#include "store/testing/temporary_directory.hpp"

namespace sluice::app {
namespace {

class ConfigLinesTest : public testing::Test {
  protected:
    std::string written(const char* text) const {
        const std::string path = directory_.path() + "/sluice.toml";
        std::ofstream(path) << text;
        return path;
    }

    store::TemporaryDirectory directory_;
};

TEST_F(ConfigLinesTest, TellWhereSomethingIsSaid) {
    const ConfigLines lines(written(R"([policy.networks]
reject = ["192.0.2.0/24",
          "2001:DB8:0::/32"]
fast = ["192.0.2.0/24"]

[[policy.dnsbl]]
weight = 3
zone = "bl.example.net"
[[policy.dnswl]]
zone = "wl.example.net"
)"));
    EXPECT_EQ(lines.of_network(policy::Lane::reject, "192.0.2.0/24"), "sluice.toml:2");
    EXPECT_EQ(lines.of_network(policy::Lane::reject, "2001:db8::/32"), "sluice.toml:3") << "however written";
    EXPECT_EQ(lines.of_network(policy::Lane::fast, "192.0.2.0/24"), "sluice.toml:4");
    EXPECT_EQ(lines.of_dns_list("bl.example.net"), "sluice.toml:8");
    EXPECT_EQ(lines.of_dns_list("wl.example.net"), "sluice.toml:10");
}

TEST_F(ConfigLinesTest, TellLessWhereThereIsLessToSay) {
    const ConfigLines lines(written("workers = 1\n"));
    EXPECT_EQ(lines.of_network(policy::Lane::slow, "192.0.2.0/24"), "sluice.toml");
    EXPECT_EQ(lines.of_dns_list("bl.example.net"), "sluice.toml");
    EXPECT_EQ(ConfigLines("").of_dns_list("bl.example.net"), "configuration");
    EXPECT_EQ(ConfigLines(written("no [ toml")).of_dns_list("bl.example.net"), "configuration");
    EXPECT_EQ(ConfigLines("/nonexistent").of_dns_list("bl.example.net"), "configuration");
}

}  // namespace
}  // namespace sluice::app
