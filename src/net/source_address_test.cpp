#include "net/source_address.hpp"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

TEST(SourceAddress, IsTheOneTheKernelChooses) {
    for (const char* server : {"127.0.0.1:25", "[::1]:25"}) {
        const auto endpoint = Endpoint::parse(server);
        ASSERT_TRUE(endpoint);
        EXPECT_EQ(source_towards(*endpoint), endpoint->address) << server;
    }
}

TEST(SourceAddress, WithoutAWayThereIsNone) {
    // A UDP socket cannot be connected to a broadcast address.
    EXPECT_EQ(source_towards({IpAddress::v4({255, 255, 255, 255}), 25}), std::nullopt);
}

}  // namespace
}  // namespace sluice::net
