// The operator and open sessions, over real loopback sockets: the list of sessions, and their response to
// acts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "front/session_walk.hpp"
#include "front/testing/front_fixture.hpp"
#include "judge/testing/scripted_store.hpp"

namespace sluice::front {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class OperatorTest : public FrontTest {
  protected:
    OperatorTest() {
        // The next common moment is far away, so for half a minute the client hears only what an act has
        // released.
        options.pace.moments = std::chrono::hours{24 * 365};
    }

    void slow_everybody() { options.policy.default_lane = policy::Lane::slow; }

    HeldSessions held() {
        std::optional<HeldSessions> listed;
        front->list([&](const HeldSessions& all) { listed = all; });
        turn_until([&] { return listed.has_value(); });
        return listed.value_or(HeldSessions{});
    }

    std::uint64_t in_lane(policy::Lane lane) { return held().of(lane).sessions; }

    static constexpr const char* envelope = "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";
};

TEST_F(OperatorTest, WhoIsLetThroughHearsItsReplyAtOnce) {
    slow_everybody();
    start();
    const auto client = connect();
    turn_until([&] { return front->sessions() == 1; });
    ASSERT_EQ(in_lane(policy::Lane::slow), 1U);
    say(policy::Lane::fast);
    read_to(client.get(), "220 mx.test ESMTP\r\n");
    EXPECT_EQ(in_lane(policy::Lane::fast), 1U);
    send(client.get(), "EHLO c\r\nMAIL FROM:<a>\r\n");
    EXPECT_THAT(read_to(client.get(), "Ok\r\n"), HasSubstr("250-PIPELINING"))
        << "and is one of the operator's own";
}

TEST_F(OperatorTest, OthersGoOnAsBefore) {
    slow_everybody();
    acted_on = Network(IpAddress::v4({192, 0, 2, 0}), 24);
    start();
    const auto client = connect();
    turn_until([&] { return front->sessions() == 1; });
    say(policy::Lane::fast);
    EXPECT_EQ(in_lane(policy::Lane::slow), 1U);
}

TEST_F(OperatorTest, WhoIsSlowedIsHeldFromItsNextReplyOn) {
    start();
    const auto client = connect();
    read_to(client.get(), "ESMTP\r\n");
    say(policy::Lane::slow);
    EXPECT_EQ(in_lane(policy::Lane::slow), 1U);
    send(client.get(), "EHLO c\r\n");
    turn_until([&] { return held().of(policy::Lane::slow).octets_in == 8; });
    EXPECT_EQ(held().of(policy::Lane::slow).octets_out, 19U) << "the greeting, and nothing of a reply";
    act.reset();  // the act has ended
    front->acts_changed();
    EXPECT_THAT(read_to(client.get(), "SMTPUTF8\r\n"), HasSubstr("250-mx.test"));
}

TEST_F(OperatorTest, WhoIsRefusedHearsSoAtItsNextRecipient) {
    start();
    const auto client = connect();
    send(client.get(), envelope);
    read_to(client.get(), "2.1.5 Ok\r\n");
    say(policy::Lane::reject);
    EXPECT_EQ(in_lane(policy::Lane::reject), 1U);
    send(client.get(), "RCPT TO:<e@f>\r\n");
    EXPECT_THAT(read_to(client.get(), "refused\r\n"), HasSubstr("550 5.7.1 "));
}

TEST_F(OperatorTest, WhatWasTakenBeforeGoesNoFurther) {
    for (const auto& [lane, code] :
         {std::pair{policy::Lane::reject, "550 5.7.1 "}, {policy::Lane::defer, "450 4.7.1 "}}) {
        act.reset();
        start();
        const auto client = connect();
        const auto in_content = connect();
        send(client.get(), envelope);
        read_to(client.get(), "2.1.5 Ok\r\n");
        send(in_content.get(), std::string(envelope) + "DATA\r\n");
        read_to(in_content.get(), "<CR><LF>\r\n");
        say(lane);
        EXPECT_EQ(in_lane(lane), 2U);
        send(client.get(), "DATA\r\n");
        EXPECT_THAT(read_to(client.get(), "\r\n"), HasSubstr(code));
        send(in_content.get(), "x\r\n.\r\n");
        EXPECT_THAT(read_to(in_content.get(), "\r\n"), HasSubstr(code));
        EXPECT_TRUE(backend.delivered.empty());
        front.reset();
    }
}

TEST_F(OperatorTest, WhatTheMtaHasAlreadyIsItsToAnswer) {
    start();
    const auto client = connect();
    send(client.get(), std::string(envelope) + "DATA\r\n");
    read_to(client.get(), "<CR><LF>\r\n");
    send(client.get(), "x\r\n.\r\n");
    turn_until([&] { return backend.pending != nullptr; });
    say(policy::Lane::reject);
    EXPECT_EQ(in_lane(policy::Lane::reject), 1U);
    backend.answer({.reply = {250, "2.0.0 queued"}, .mta = "mta", .by = "mta"});
    EXPECT_THAT(read_to(client.get(), "queued\r\n"), EndsWith("250 2.0.0 queued\r\n"));
}

/// Acts on a stranger, which waits between the two lines of the greeting.
class StrangerTest : public OperatorTest {
  protected:
    StrangerTest() {
        state = &memory;
        options.policy.signals.weight(policy::SignalId::pregreet) = 5;
        options.policy.pregreet_wait = Seconds{20};
    }

    net::Fd stranger() {
        auto client = connect_from_afar();
        turn_until([&] { return !memory.waiting.empty(); });
        return client;
    }

    judge::ScriptedStore memory;
};

TEST_F(StrangerTest, WhoIsLetThroughIsGreetedAtOnce) {
    start();
    const auto client = stranger();
    memory.answer_all();
    read_to(client.get(), "220-mx.test ESMTP\r\n");
    say(policy::Lane::slow);  // has no effect on the pause, after which the client is judged
    EXPECT_EQ(in_lane(policy::Lane::fast), 1U);
    say(policy::Lane::fast);
    read_to(client.get(), "220 mx.test ESMTP\r\n");
}

TEST_F(StrangerTest, WhoIsNotJudgedYetIsLeftAlone) {
    options.policy.pregreet_wait = Millis{0};
    start();
    const auto client = stranger();
    say(policy::Lane::slow);
    EXPECT_EQ(in_lane(policy::Lane::slow), 0U);
    memory.answer_all();
    EXPECT_EQ(in_lane(policy::Lane::slow), 1U) << "the operator's word was known when it was judged";
}

TEST_F(OperatorTest, TheOldestOfEachLaneAreNamed) {
    constexpr std::size_t more = HeldSessions::oldest_max + 30;
    static_assert(more > SessionWalk::turn_budget / 4, "in total more than one turn visits");
    start();
    std::vector<net::Fd> clients;
    for (std::size_t i = 0; i < 3 * more; ++i)
        clients.push_back(connect());
    turn_until([&] { return front->sessions() == clients.size(); });
    send(clients.front().get(), "HELO first\r\n");
    read_to(clients.front().get(), "250 mx.test\r\n");
    const HeldSessions all = held();
    EXPECT_EQ(all.of(policy::Lane::fast).sessions, clients.size());
    ASSERT_EQ(all.oldest.size(), HeldSessions::oldest_max);
    EXPECT_EQ(all.oldest.front().octets_in, 12U);
    EXPECT_EQ(all.oldest.front().stage, Stage::helo);
    EXPECT_EQ(all.oldest.front().client.to_string(), "127.0.0.1");
    EXPECT_EQ(all.workers, 1U);
}

TEST_F(OperatorTest, SessionsMayEndWhileTheyAreListed) {
    start();
    std::vector<net::Fd> clients;
    for (unsigned i = 0; i < 4 * SessionWalk::turn_budget; ++i)
        clients.push_back(connect());
    turn_until([&] { return front->sessions() == clients.size(); });
    std::optional<HeldSessions> listed;
    front->list([&](const HeldSessions& all) { listed = all; });
    EXPECT_FALSE(listed) << "more than one turn has time for";
    front->drain([] {});  // all are idle, and end at once
    ASSERT_EQ(front->sessions(), 0U);
    turn_until([&] { return listed.has_value(); });
    EXPECT_EQ(listed->of(policy::Lane::fast).sessions, SessionWalk::turn_budget);
}

TEST_F(OperatorTest, ManyAreLetGoInManyTurns) {
    slow_everybody();
    start();
    std::vector<net::Fd> clients;
    for (unsigned i = 0; i < SessionWalk::turn_budget; ++i)
        clients.push_back(connect());
    turn_until([&] { return front->sessions() == clients.size(); });
    say(policy::Lane::fast);
    say(policy::Lane::fast);  // while the sessions still obey the act before
    loop.turn(Millis{0});
    EXPECT_GT(in_lane(policy::Lane::fast), 0U);
    for (const net::Fd& client : clients)
        read_to(client.get(), "ESMTP\r\n");
}

}  // namespace
}  // namespace sluice::front
