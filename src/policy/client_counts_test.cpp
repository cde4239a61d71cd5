#include "policy/client_counts.hpp"

#include <gtest/gtest.h>
#include <string>

namespace sluice::policy {
namespace {

using namespace std::chrono_literals;

IpAddress address(std::string_view text) {
    return IpAddress::parse(text).value();
}
Instant at(Seconds seconds) {
    return Instant{seconds};
}

TEST(ClientCounts, CountsSlide) {
    ClientCounts counts{100s, 1000};
    const IpAddress client = address("192.0.2.1");
    EXPECT_EQ(counts.count(client, at(0s)), 0U);
    EXPECT_EQ(counts.add(client, at(1000s)), 1U);
    EXPECT_EQ(counts.add(client, at(1049s)), 2U);
    struct Case {
        Seconds now;
        unsigned count;
    };
    // Halves of 50 s begin at 1000 s. No event younger than half a window is lost, and none older than a
    // window is kept.
    for (const Case c : {Case{1049s, 2}, Case{1050s, 2}, Case{1099s, 2}, Case{1100s, 0}, Case{9999s, 0}})
        EXPECT_EQ(counts.count(client, at(c.now)), c.count) << c.now.count();
    EXPECT_EQ(counts.add(client, at(1060s)), 3U);
    EXPECT_EQ(counts.count(client, at(1100s)), 1U);
    EXPECT_EQ(counts.add(client, at(1149s)), 2U);
    EXPECT_EQ(counts.count(client, at(1150s)), 1U);
    EXPECT_EQ(counts.count(client, at(1200s)), 0U);
    EXPECT_EQ(counts.add(client, at(5000s)), 1U);
}

TEST(ClientCounts, TheSameAgainCountsOnce) {
    ClientCounts counts{100s, 1000};
    const IpAddress list = address("192.0.2.1");
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(counts.add(list, "gone@example.org", at(0s)), 1U);
    // The name is still known after this many others, and forgotten after one more.
    const auto names_others = [&](std::size_t others) {
        for (std::size_t i = 0; i < others; ++i)
            counts.add(list, std::to_string(i), at(0s));
        const unsigned before = counts.count(list, at(0s));
        return counts.add(list, "gone@example.org", at(0s)) - before;
    };
    EXPECT_EQ(names_others(ClientCounts::remembered - 1), 0U);
    EXPECT_EQ(names_others(ClientCounts::remembered), 1U);
    // Another client's names are its own.
    EXPECT_EQ(counts.add(address("192.0.2.2"), "gone@example.org", at(0s)), 1U);
}

TEST(ClientCounts, ADictionaryCountsInFull) {
    ClientCounts counts{100s, 1000, {.k0 = 1, .k1 = 2}};
    for (unsigned i = 1; i <= 1000; ++i)
        EXPECT_EQ(counts.add(address("192.0.2.1"), "guess" + std::to_string(i), at(0s)), i);
}

TEST(ClientCounts, LookingBackInTimeIsNoNews) {
    ClientCounts counts{100s, 1000};
    counts.add(address("192.0.2.1"), at(1000s));
    EXPECT_EQ(counts.count(address("192.0.2.1"), at(900s)), 1U);
}

TEST(ClientCounts, WhoIsOneClient) {
    struct Case {
        const char *one, *other;
        bool same;
    };
    for (const Case c : {Case{"192.0.2.1", "192.0.2.2", false}, Case{"192.0.2.1", "::ffff:192.0.2.1", true},
                         Case{"2001:db8:0:1::1", "2001:db8:0:1:ffff::9", true},
                         Case{"2001:db8:0:1::1", "2001:db8:0:2::1", false}}) {
        ClientCounts counts{100s, 1000};
        counts.add(address(c.one), at(0s));
        EXPECT_EQ(counts.count(address(c.other), at(0s)), c.same ? 1U : 0U) << c.one << " " << c.other;
    }
}

TEST(ClientCounts, ForgetsTheLeastRecentlySeen) {
    ClientCounts counts{100s, 2};
    const IpAddress first = address("192.0.2.1"), second = address("192.0.2.2"), third = address("192.0.2.3");
    counts.add(first, at(0s));
    counts.add(second, at(1s));
    counts.add(first, at(2s));
    EXPECT_EQ(counts.count(second, at(2s)), 1U);  // looking does not save it
    EXPECT_EQ(counts.add(third, at(3s)), 1U);
    EXPECT_EQ(counts.clients(), 2U);
    EXPECT_EQ(counts.count(first, at(3s)), 2U);
    EXPECT_EQ(counts.count(second, at(3s)), 0U);
    EXPECT_EQ(counts.count(third, at(3s)), 1U);
}

TEST(ClientCounts, ManyClientsStayBounded) {
    ClientCounts counts{100s, 100};
    for (unsigned i = 0; i < 1000; ++i) {
        const auto high = static_cast<std::uint8_t>(i / 256), low = static_cast<std::uint8_t>(i % 256);
        EXPECT_EQ(counts.add(IpAddress::v4({10, 0, high, low}), at(Seconds{i})), 1U);
    }
    EXPECT_EQ(counts.clients(), 100U);
}

TEST(ClientCounts, OddOptions) {
    ClientCounts nobody{100s, 0};
    EXPECT_EQ(nobody.add(address("192.0.2.1"), at(0s)), 1U);
    EXPECT_EQ(nobody.clients(), 0U);
    ClientCounts no_window{0s, 1000};
    EXPECT_EQ(no_window.add(address("192.0.2.1"), at(0s)), 1U);
    EXPECT_EQ(no_window.add(address("192.0.2.1"), at(10s)), 1U);
}

}  // namespace
}  // namespace sluice::policy
