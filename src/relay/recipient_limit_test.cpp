#include "relay/recipient_limit.hpp"

#include <gtest/gtest.h>

namespace sluice::relay {
namespace {

constexpr Instant start{Seconds{1000}};

IpAddress host(unsigned network, unsigned number = 1) {
    return IpAddress::v4({192, 0, static_cast<std::uint8_t>(network), static_cast<std::uint8_t>(number)});
}

TEST(RecipientLimit, ThereIsNoneUntilOneIsMet) {
    const RecipientLimit limit;
    EXPECT_EQ(limit.of(host(1), start), SIZE_MAX);
}

TEST(RecipientLimit, ASmallOneHoldsForTheNetworkThatHasMetIt) {
    RecipientLimit limit;
    EXPECT_TRUE(limit.learn(host(1), 5, start));
    EXPECT_EQ(limit.of(host(1), start), 5U);
    EXPECT_EQ(limit.of(host(1, 77), start), 5U);
    EXPECT_EQ(limit.of(host(2), start), SIZE_MAX) << "one client cannot make it so for another";
}

TEST(RecipientLimit, ForAllOnceASecondNetworkHasMetTheSame) {
    RecipientLimit limit;
    limit.learn(host(1), 5, start);
    limit.learn(host(1, 2), 5, start);
    EXPECT_EQ(limit.of(host(3), start), SIZE_MAX) << "it is the same network";
    limit.learn(host(2), 4, start);
    EXPECT_EQ(limit.of(host(3), start), SIZE_MAX) << "it is another limit";
    limit.learn(host(2), 5, start);
    EXPECT_EQ(limit.of(host(3), start), 5U);
}

TEST(RecipientLimit, ForAllAtOnceWhereItIsOneThatAServerMayHave) {
    RecipientLimit below;
    below.learn(host(1), RecipientLimit::required - 1, start);
    EXPECT_EQ(below.of(host(2), start), SIZE_MAX);
    RecipientLimit at;
    at.learn(host(1), RecipientLimit::required, start);
    EXPECT_EQ(at.of(host(2), start), RecipientLimit::required);
}

TEST(RecipientLimit, TheSmallerOfTwoHolds) {
    RecipientLimit limit;
    limit.learn(host(1), 200, start);
    limit.learn(host(2), 3, start);
    EXPECT_EQ(limit.of(host(1), start), 200U);
    EXPECT_EQ(limit.of(host(2), start), 3U);
}

TEST(RecipientLimit, NoneTakenIsNoLimit) {
    RecipientLimit limit;
    EXPECT_FALSE(limit.learn(host(1), 0, start));
    EXPECT_EQ(limit.of(host(1), start), SIZE_MAX);
    limit.learn(host(1), 1, start);
    EXPECT_EQ(limit.of(host(1), start), 1U) << "each retry makes progress";
}

TEST(RecipientLimit, IsForgotten) {
    RecipientLimit limit;
    limit.learn(host(1), 500, start);
    EXPECT_EQ(limit.of(host(2), start + RecipientLimit::life - Millis{1}), 500U);
    EXPECT_EQ(limit.of(host(2), start + RecipientLimit::life), SIZE_MAX);
    EXPECT_EQ(limit.of(host(1), start + RecipientLimit::life), SIZE_MAX);
    limit.learn(host(1), 700, start + RecipientLimit::life);
    EXPECT_EQ(limit.of(host(2), start + RecipientLimit::life), 700U) << "the operator has raised it";
}

TEST(RecipientLimit, WhatOneNetworkHasMetLongAgoIsNoWitness) {
    RecipientLimit limit;
    limit.learn(host(1), 5, start);
    limit.learn(host(2), 5, start + RecipientLimit::life);
    EXPECT_EQ(limit.of(host(3), start + RecipientLimit::life), SIZE_MAX);
}

TEST(RecipientLimit, TheOperatorHearsOfALimitOnce) {
    RecipientLimit limit;
    EXPECT_TRUE(limit.learn(host(1), 5, start));
    EXPECT_FALSE(limit.learn(host(1), 5, start));
    EXPECT_FALSE(limit.learn(host(2), 5, start));
    EXPECT_TRUE(limit.learn(host(2), 6, start));
    EXPECT_TRUE(limit.learn(host(2), 6, start + RecipientLimit::life));
}

TEST(RecipientLimit, RemembersSoManyNetworks) {
    RecipientLimit limit;
    // Each network gets a limit of its own, so that none becomes the limit for all.
    for (unsigned n = 0; n < RecipientLimit::networks_max; ++n)
        limit.learn(host(n), n + 1, start + Millis{n});
    const Instant then = start + Seconds{1};
    EXPECT_EQ(limit.of(host(0), then), 1U);
    limit.learn(host(200), 99, then);
    EXPECT_EQ(limit.of(host(0), then), SIZE_MAX) << "the oldest has made room";
    EXPECT_EQ(limit.of(host(1), then), 2U);
    EXPECT_EQ(limit.of(host(200), then), 99U);
}

TEST(RecipientLimit, Ipv6ClientsAreKnownByTheir64) {
    RecipientLimit limit;
    limit.learn(*IpAddress::parse("2001:db8:1:2::1"), 5, start);
    EXPECT_EQ(limit.of(*IpAddress::parse("2001:db8:1:2:ffff::9"), start), 5U);
    EXPECT_EQ(limit.of(*IpAddress::parse("2001:db8:1:3::1"), start), SIZE_MAX);
}

}  // namespace
}  // namespace sluice::relay
