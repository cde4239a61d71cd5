#include "app/inspect/reached_address.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace sluice::app {
namespace {

IpAddress address(std::string_view text) {
    return IpAddress::parse(text).value();
}

TEST(ReachedAddress, Table) {
    struct Case {
        std::vector<std::string_view> listened;
        std::string_view client;
        std::string_view helo;
        std::string reached;
    };
    const std::vector<IpAddress> own{address("127.0.0.1"), address("198.51.100.25"), address("2001:db8::25")};
    const std::string nothing = IpAddress().to_string();
    const Case cases[] = {
        {{"0.0.0.0:25"}, "192.0.2.7", "[198.51.100.25]", "198.51.100.25"},
        {{"0.0.0.0:25"}, "192.0.2.7", "[198.51.100.26]", nothing},
        {{"0.0.0.0:25"}, "192.0.2.7", "[0.0.0.0]", nothing},
        {{"0.0.0.0:25"}, "192.0.2.7", "[IPv6:2001:db8::25]", nothing},
        {{"0.0.0.0:25", "[::]:25"}, "2001:db8::7", "[IPv6:2001:db8::25]", "2001:db8::25"},
        {{"[::]:25"}, "2001:db8::7", "[198.51.100.25]", nothing},
        {{"198.51.100.25:25"}, "192.0.2.7", "[198.51.100.25]", "198.51.100.25"},
        {{"127.0.0.1:25", "198.51.100.25:25"}, "192.0.2.7", "[198.51.100.25]", "198.51.100.25"},
        {{"203.0.113.25:25"}, "192.0.2.7", "[203.0.113.25]", "203.0.113.25"},  // not up at this moment
        {{"0.0.0.0:25"}, "198.51.100.25", "[127.0.0.1]", "198.51.100.25"},
        {{"0.0.0.0:25"}, "198.51.100.25", "mx.example.test", "198.51.100.25"},
        {{"0.0.0.0:25"}, "192.0.2.7", "mx.example.test", nothing},
        {{}, "192.0.2.7", "[198.51.100.25]", nothing},
    };
    for (const Case& c : cases) {
        std::vector<net::Endpoint> listened;
        for (const std::string_view text : c.listened)
            listened.push_back(net::Endpoint::parse(text).value());
        EXPECT_EQ(reached_address(address(c.client), c.helo, listened, own).to_string(), c.reached)
            << c.client << ' ' << c.helo;
    }
}

}  // namespace
}  // namespace sluice::app
