#include "app/worker/held_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using front::HeldSession;
using front::HeldSessions;
using front::Stage;
using policy::Lane;
using testing::HasSubstr;
using testing::Not;

HeldSession session(std::string_view client, Lane lane, std::uint64_t seconds) {
    return {.client = IpAddress::parse(client).value(),
            .lane = lane,
            .stage = Stage::rcpt,
            .score = -7,
            .seconds = seconds,
            .octets_in = 123,
            .octets_out = 4567};
}

/// One worker with exactly these sessions.
HeldSessions worker(std::vector<HeldSession> sessions) {
    HeldSessions held;
    for (const HeldSession& one : sessions) {
        front::LaneTotal& total = held.of(one.lane);
        ++total.sessions;
        total.octets_in += one.octets_in;
        total.octets_out += one.octets_out;
    }
    held.oldest = std::move(sessions);
    held.workers = 1;
    held.memory_octets = 30U << 20U;
    return held;
}

TEST(HeldText, IsReadAsItWasMeant) {
    HeldSessions held =
        worker({session("192.0.2.7", Lane::slow, 61), session("2001:db8::1", Lane::reject, 0)});
    held.oldest.front().score = 2147483647;
    held.oldest.front().octets_in = UINT64_MAX;
    held.silent_workers = 2;
    EXPECT_EQ(parse_held(to_text(held)), held);
    EXPECT_EQ(parse_held(to_text({})), HeldSessions{});
}

TEST(HeldText, OfAsManyAsThereCanBeFitsIntoANote) {
    HeldSessions held;
    const auto longest = IpAddress::parse("1111:2222:3333:4444:5555:6666:7777:8888").value();
    for (const Lane lane : {Lane::fast, Lane::slow, Lane::defer, Lane::reject})
        for (std::size_t i = 0; i < HeldSessions::oldest_max; ++i)
            held.oldest.push_back({.client = longest,
                                   .lane = lane,
                                   .stage = Stage::greeting,
                                   .score = -2147483647,
                                   .seconds = UINT32_MAX,
                                   .octets_in = UINT64_MAX,
                                   .octets_out = UINT64_MAX});
    const std::string text = to_text(held);
    EXPECT_LT(text.size(), 65'000U);
    EXPECT_EQ(parse_held(text), held);
    EXPECT_FALSE(parse_held(text + "session 192.0.2.7 slow rcpt 1 1 1 1\n")) << "one more";
}

TEST(HeldText, WhatIsNotWholeIsNothing) {
    const std::string text = to_text(worker({session("192.0.2.7", Lane::slow, 61)}));
    for (std::size_t octets = 0; octets < text.size(); ++octets)
        if (const auto cut = parse_held(text.substr(0, octets))) {
            EXPECT_EQ(text[octets - 1], '\n') << "a line is whole, or the text is refused";
        }
    for (const char* line :
         {"\n", "lane slow 1 2\n", "lane quick 1 2 3\n", "lane slow -1 2 3\n", "processes 1 0\n",
          "processes 1 0 18446744073709551616\n", "session 192.0.2.7 slow rcpt 1 2 3\n",
          "session 192.0.2 slow rcpt 1 2 3 4\n", "session 192.0.2.7 slow rest 1 2 3 4\n",
          "session 192.0.2.7 slow rcpt 1x 2 3 4\n", "session  192.0.2.7 slow rcpt 1 2 3 4\n", "hello\n"})
        EXPECT_FALSE(parse_held(line)) << line;
}

TEST(HeldText, WorkersAreAddedUp) {
    HeldSessions sum;
    add(sum, worker({session("192.0.2.1", Lane::slow, 10), session("192.0.2.2", Lane::fast, 5)}));
    add(sum, worker({session("192.0.2.3", Lane::slow, 30), session("192.0.2.4", Lane::slow, 10)}));
    EXPECT_EQ(sum.of(Lane::slow), (front::LaneTotal{3, 369, 13'701}));
    EXPECT_EQ(sum.of(Lane::fast).sessions, 1U);
    EXPECT_EQ(sum.workers, 2U);
    EXPECT_EQ(sum.memory_octets, 60U << 20U);
    std::vector<std::string> order;
    for (const HeldSession& one : sum.oldest)
        order.push_back(one.client.to_string());
    EXPECT_THAT(order, testing::ElementsAre("192.0.2.3", "192.0.2.1", "192.0.2.4", "192.0.2.2"));
}

TEST(HeldText, OfEachLaneTheOldestRemain) {
    std::vector<HeldSession> young(HeldSessions::oldest_max, session("192.0.2.1", Lane::slow, 1));
    std::vector<HeldSession> old(HeldSessions::oldest_max, session("192.0.2.2", Lane::slow, 2));
    HeldSessions sum = worker(young);
    add(sum, worker(old));
    add(sum, worker({session("192.0.2.3", Lane::fast, 0)}));
    EXPECT_EQ(sum.oldest.size(), HeldSessions::oldest_max + 1);
    EXPECT_EQ(sum.oldest.front().client.to_string(), "192.0.2.2");
    EXPECT_EQ(sum.oldest.back().client.to_string(), "192.0.2.3");
    EXPECT_EQ(sum.of(Lane::slow).sessions, 2 * HeldSessions::oldest_max);
}

TEST(HeldText, TheTableNamesWhoIsWanted) {
    const HeldSessions held =
        worker({session("192.0.2.1", Lane::slow, 10), session("192.0.2.2", Lane::fast, 50),
                session("192.0.2.3", Lane::slow, 30), session("192.0.2.4", Lane::slow, 20)});
    const std::string slow = held_table(held, {.lane = Lane::slow, .top = 2});
    EXPECT_THAT(slow, HasSubstr("slow            3            369          13701\n"));
    EXPECT_THAT(slow, HasSubstr("all             4            492          18268\n"));
    EXPECT_THAT(slow, HasSubstr("memory 30 MiB, of 1 worker\n"));
    EXPECT_LT(slow.find("192.0.2.3"), slow.find("192.0.2.4"));
    EXPECT_THAT(slow, Not(HasSubstr("192.0.2.1 ")));
    EXPECT_THAT(slow, Not(HasSubstr("192.0.2.2")));
    EXPECT_THAT(held_table(held, {}), HasSubstr("192.0.2.2"));
    EXPECT_THAT(held_table(held, {.lane = {}, .top = 0}), Not(HasSubstr("CLIENT")));
}

TEST(HeldText, SilentWorkersAreTold) {
    HeldSessions held = worker({});
    EXPECT_THAT(held_table(held, {}), Not(HasSubstr("answer")));
    held.silent_workers = 1;
    EXPECT_THAT(held_table(held, {}),
                HasSubstr("1 worker did not answer in time: the sessions there are not"));
}

}  // namespace
}  // namespace sluice::app
