#include "net/own_addresses.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace sluice::net {
namespace {

TEST(OwnAddresses, LoopbackIsOneOfThemAndADocumentationAddressIsNot) {
    const auto own = own_addresses();
    EXPECT_TRUE(std::ranges::find(own, IpAddress::v4({127, 0, 0, 1})) != own.end());
    EXPECT_FALSE(std::ranges::find(own, IpAddress::v4({203, 0, 113, 77})) != own.end());
}

}  // namespace
}  // namespace sluice::net
