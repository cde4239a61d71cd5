#include "load/source_addresses.hpp"

#include <arpa/inet.h>

#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <string_view>

namespace load {
namespace {

std::string text(const sockaddr_in& address) {
    char buffer[INET_ADDRSTRLEN];
    return inet_ntop(AF_INET, &address.sin_addr, buffer, sizeof buffer);
}

SourceAddresses network(std::string_view text) {
    const auto parsed = SourceAddresses::parse(text);
    if (!parsed) throw std::invalid_argument(std::string(text));
    return *parsed;
}

TEST(SourceAddresses, TakesTheHostsOfANetworkInTurn) {
    SourceAddresses sources = network("127.1.2.0/30");
    EXPECT_EQ(sources.count(), 2U);
    EXPECT_EQ(text(sources.next()), "127.1.2.1");
    EXPECT_EQ(text(sources.next()), "127.1.2.2");
    EXPECT_EQ(text(sources.next()), "127.1.2.1");
}

TEST(SourceAddresses, OneAddressIsANetworkOfOne) {
    SourceAddresses sources = network("127.9.9.9");
    EXPECT_EQ(text(sources.next()), "127.9.9.9");
    EXPECT_EQ(text(sources.next()), "127.9.9.9");
}

TEST(SourceAddresses, RefusesWhatIsNoNetwork) {
    for (const char* wrong :
         {"", "127.1.0.0/", "127.1.0.0/33", "127.1.0.0/0", "127.1.0.1/16", "127.1/16", "::1"}) {
        EXPECT_FALSE(SourceAddresses::parse(wrong)) << wrong;
    }
}

}  // namespace
}  // namespace load
