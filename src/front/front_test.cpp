// Front over real loopback sockets, with a backend whose answers the test decides. These tests cover the
// driver itself; real MTAs and real clients are in tests/e2e.
#include "front/front.hpp"

#include <sys/socket.h>

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "front/testing/front_fixture.hpp"

namespace sluice::front {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(FrontTest, AnswersAPipelinedGroupInOrder) {
    start();
    const auto client = connect();
    read_to(client.get(), "220 mx.test ESMTP\r\n");
    send(client.get(), "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n");
    const auto replies = read_to(client.get(), "354 End data with <CR><LF>.<CR><LF>\r\n");
    EXPECT_THAT(replies, HasSubstr("250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.1.5 Ok\r\n354 "));
    EXPECT_THAT(backend.asked, testing::ElementsAre("c@d", "e@f"));
}

TEST_F(FrontTest, TheLastReplyIsTheBackends) {
    start();
    const auto client = connect();
    send(client.get(), "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    read_to(client.get(), "354 End data with <CR><LF>.<CR><LF>\r\n");
    send(client.get(), "Subject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n");
    turn_until([&] { return backend.pending != nullptr; });
    EXPECT_THAT(backend.delivered, testing::ElementsAre("Subject: x\r\n\r\n..dot\r\n"));
    backend.answer({.reply = {250, "2.0.0 queued as Q1"}, .mta = "mta", .by = "mta"});
    const auto end = read_to(client.get(), "221 2.0.0 Bye\r\n");
    EXPECT_THAT(end, StartsWith("250 2.0.0 queued as Q1\r\n"));
    turn_until([&] { return closed(client.get()); });
    const auto text = log_text();
    EXPECT_THAT(text, HasSubstr(R"("outcome":"delivered")"));
    EXPECT_THAT(text, HasSubstr(R"("outcome":"quit","stage":"message")"));
}

TEST_F(FrontTest, ACommandMayBeSplitBetweenTwoReads) {
    // The length of the chunk varies so that each octet of NOOP comes to stand behind 64 KiB, where a read
    // of that size ends. (Context::scratch takes 128 KiB; there the kernel decides where a read ends.)
    const std::string before = "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 131000\r\n";
    for (std::size_t into = 0; into <= 6; ++into) {
        start();
        const auto client = connect();
        read_to(client.get(), "ESMTP\r\n");
        std::string chunk(131'072 - into - before.size(), 'y');
        std::string sent = before + chunk + "NOOP\r\nQUIT\r\n";
        const auto count = sent.find("131000");
        sent.replace(count, 6, std::to_string(chunk.size()));
        send(client.get(), sent);
        EXPECT_THAT(read_to(client.get(), "Bye\r\n"), HasSubstr("chunk received\r\n250 2.0.0 Ok\r\n221 "))
            << into;
        front.reset();
    }
}

TEST_F(FrontTest, AClientThatVanishesWithdrawsItsQuestion) {
    backend.answer_at_once = nullptr;
    start();
    auto client = connect();
    send(client.get(), "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
    turn_until([&] { return backend.pending != nullptr; });
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    client.reset();
    turn_until([&] { return front->sessions() == 0; });
    EXPECT_EQ(backend.withdrawals, 1);
    EXPECT_THAT(log_text(), HasSubstr(R"("outcome":"left","stage":"rcpt")"));
}

TEST_F(FrontTest, AnMtaThatSays421EndsTheTransactionNotTheSession) {
    backend.answer_at_once = [](const std::string&) {
        return smtp::Answer{.reply = {421, "4.3.2 shutting down"}, .mta = "mta", .by = "mta"};
    };
    start();
    const auto client = connect();
    send(client.get(), "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
    read_to(client.get(), "451 4.3.2 shutting down\r\n");
    send(client.get(), "QUIT\r\n");
    read_to(client.get(), "221 2.0.0 Bye\r\n");
}

TEST_F(FrontTest, GuessingMovesAClientToTheSlowLane) {
    backend.answer_at_once = [](const std::string&) { return no_such_user(); };
    options.policy.unknown_recipients.slow_after = 3;
    options.policy.thresholds.slow = 5;
    options.policy.signals.weight(policy::SignalId::unknown_recipients) = 5;
    start();
    for (const char* guesses : {"RCPT TO:<1@d>\r\nRCPT TO:<2@d>\r\n", "RCPT TO:<3@d>\r\nRCPT TO:<4@d>\r\n"}) {
        const auto client = connect();
        send(client.get(), std::string("EHLO c\r\nMAIL FROM:<a@b>\r\n") + guesses + "QUIT\r\n");
        read_to(client.get(), "221 2.0.0 Bye\r\n");
    }
    auto third = connect();
    send(third.get(), "QUIT\r\n");
    read_to(third.get(), "221 Bye\r\n");
    third.reset();  // or the session would linger for as long as turn_until() waits
    turn_until([&] { return front->sessions() == 0; });
    std::istringstream lines(log_text());
    std::vector<std::string> sessions;
    for (std::string line; std::getline(lines, line);) {
        if (line.contains(R"("event":"session")")) sessions.push_back(line);
    }
    ASSERT_EQ(sessions.size(), 3U);
    EXPECT_THAT(sessions[0], HasSubstr(R"("lane":"fast")"));
    EXPECT_THAT(sessions[1], HasSubstr(R"("lane":"slow")")) << "demoted in the middle of a session";
    EXPECT_THAT(sessions[2], HasSubstr(R"("lane":"slow")")) << "and remembered at the next connect";
    EXPECT_THAT(sessions[2], HasSubstr(R"({"signal":"unknown_recipients","value":"4","weight":5})"));
}

TEST_F(FrontTest, ContentBehindAWideWindowIsNotPaced) {
    options.policy.unknown_recipients.slow_after = 1;
    backend.answer_at_once = [](const std::string& address) {
        return address == "nobody@d" ? no_such_user() : yes();
    };
    start();
    const auto client = connect();
    send(client.get(), "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    read_to(client.get(), "<CR><LF>\r\n");  // the session is in the fast lane, so the window is open
    send(client.get(), "x\r\n.\r\n");
    turn_until([&] { return backend.pending != nullptr; });
    backend.answer(yes());
    read_to(client.get(), "Ok\r\n");
    send(client.get(), "MAIL FROM:<a@b>\r\nRCPT TO:<nobody@d>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    read_to(client.get(), "<CR><LF>\r\n");
    // At 110 octets a second these octets would take a quarter of a minute, and a full window would take
    // hours.
    send(client.get(), std::string(1600, 'x') + "\r\n.\r\n");
    turn_until([&] { return backend.pending != nullptr; });
    backend.answer(yes());
    read_to(client.get(), "Ok\r\n");
}

TEST_F(FrontTest, ARefusedLaneCostsTheBackendNothing) {
    ASSERT_TRUE(options.policy.networks.add(*Network::parse("127.0.0.1/32"), policy::Lane::reject));
    start();
    const auto client = connect();
    send(client.get(), "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nQUIT\r\n");
    const auto replies = read_to(client.get(), "221 2.0.0 Bye\r\n");
    EXPECT_THAT(replies, HasSubstr("550 5.7.1 Client host [127.0.0.1] refused\r\n"));
    EXPECT_TRUE(backend.asked.empty());
}

class SlowTest : public FrontTest {
  protected:
    SlowTest() { (void)options.policy.networks.add(*Network::parse("127.0.0.0/8"), policy::Lane::slow); }

    /// The time until the received octets end with `tail`.
    Millis time_to(int client, std::string_view tail) {
        const Instant began = loop.now();
        read_to(client, tail);
        return loop.now() - began;
    }
};

TEST_F(SlowTest, EachReplyBeforeContentIsStretched) {
    start();
    const auto client = connect();
    EXPECT_GE(time_to(client.get(), "ESMTP\r\n"), Millis{50});
    for (const std::string_view line :
         {"EHLO c\r\n", "MAIL FROM:<a@b>\r\n", "RCPT TO:<c@d>\r\n", "DATA\r\n"}) {
        send(client.get(), line);
        EXPECT_GE(time_to(client.get(), "\r\n"), Millis{50}) << line;
    }
}

TEST_F(SlowTest, WhatTheMtaHasSaidAndQuitGoOutAtOnce) {
    options.pace.reply = Millis{100};
    start();
    const auto client = connect();
    send(client.get(), "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    read_to(client.get(), "<CR><LF>\r\n");
    send(client.get(), std::string(100'000, 'x') + "\r\n.\r\n");
    const Instant began = loop.now();
    turn_until([&] { return backend.pending != nullptr; });
    backend.answer(yes());
    read_to(client.get(), "Ok\r\n");
    send(client.get(), "QUIT\r\n");
    read_to(client.get(), "\r\n");
    EXPECT_LT(loop.now() - began, Millis{100}) << "less than one stretched reply";
}

TEST_F(SlowTest, NeitherPipeliningNorChunkingIsOffered) {
    start();
    const auto client = connect();
    send(client.get(), "EHLO c\r\n");
    const auto replies = read_to(client.get(), "SMTPUTF8\r\n");
    EXPECT_THAT(replies, Not(HasSubstr("PIPELINING")));
    EXPECT_THAT(replies, Not(HasSubstr("CHUNKING")));
    EXPECT_THAT(replies, HasSubstr("SIZE"));
}

TEST_F(SlowTest, WhoIsHeldBackIsNotIdle) {
    options.pace.reply = Millis{1500};
    options.pace.silence_max = Millis{1200};
    options.command_timeout = Seconds{1};
    start();
    const auto client = connect();
    EXPECT_EQ(read_to(client.get(), "ESMTP\r\n"), "220 mx.test ESMTP\r\n");
}

TEST_F(FrontTest, AnIdleClientIsTimedOut) {
    options.command_timeout = Seconds{0};
    start();
    const auto client = connect();
    EXPECT_THAT(read_to(client.get(), "exceeded\r\n"), EndsWith("421 Timeout exceeded\r\n"));
    turn_until([&] { return front->sessions() == 0; });
    EXPECT_THAT(log_text(), HasSubstr(R"("outcome":"timed_out")"));
}

TEST_F(FrontTest, TooManySessionsOfOneClientAreTurnedAway) {
    options.sessions_per_client_max = 1;
    start();
    const auto first = connect();
    read_to(first.get(), "ESMTP\r\n");
    const auto second = connect();
    EXPECT_THAT(read_to(second.get(), "address\r\n"), StartsWith("421 Too many "));
    send(first.get(), "QUIT\r\n");
    read_to(first.get(), "221 Bye\r\n");
    turn_until([&] { return front->sessions() == 0; });
    const auto third = connect();
    EXPECT_THAT(read_to(third.get(), "\r\n"), StartsWith("220 "));
}

TEST_F(FrontTest, BeyondSessionsMaxConnectionsWaitAndAreServedLater) {
    options.sessions_max = 1;
    start();
    auto first = connect();
    read_to(first.get(), "ESMTP\r\n");
    const auto second = connect();
    for (int turn = 0; turn < 10; ++turn)
        loop.turn(Millis{1});
    EXPECT_EQ(front->sessions(), 1U);
    first.reset();
    EXPECT_THAT(read_to(second.get(), "\r\n"), StartsWith("220 "));
}

TEST_F(FrontTest, DrainingEndsTheIdleAndFinishesTheRunning) {
    start();
    const auto idle = connect();
    const auto busy = connect();
    read_to(idle.get(), "ESMTP\r\n");
    send(busy.get(), "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    read_to(busy.get(), "354 End data with <CR><LF>.<CR><LF>\r\n");
    bool drained = false;
    front->drain([&] { drained = true; });
    EXPECT_EQ(read_to(idle.get(), "\r\n"), "421 Service shutting down\r\n");
    send(busy.get(), "x\r\n.\r\n");
    turn_until([&] { return backend.pending != nullptr; });
    EXPECT_FALSE(drained);
    backend.answer({.reply = {250, "2.0.0 kept"}, .mta = "mta", .by = "mta"});
    EXPECT_THAT(read_to(busy.get(), "down\r\n"), StartsWith("250 2.0.0 kept\r\n421 4.3.2 "));
    turn_until([&] { return drained; });
}

TEST_F(FrontTest, ADrainHasABound) {
    options.drain_max = Seconds{0};
    start();
    const auto busy = connect();
    send(busy.get(), "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    read_to(busy.get(), "354 End data with <CR><LF>.<CR><LF>\r\n");
    bool drained = false;
    front->drain([&] { drained = true; });
    EXPECT_THAT(read_to(busy.get(), "down\r\n"), StartsWith("421 4.3.2 "));
    turn_until([&] { return drained; });
}

TEST_F(FrontTest, WhoRetiresLetsSessionsGoOnAndTakesNoMore) {
    start();
    auto early = connect();
    read_to(early.get(), "ESMTP\r\n");
    bool ended = false;
    front->retire([&] { ended = true; });
    auto late = connect();
    send(early.get(), "EHLO c\r\nMAIL FROM:<a@b>\r\n");
    EXPECT_THAT(read_to(early.get(), "Ok\r\n"), HasSubstr("250 2.1.0"));
    EXPECT_EQ(front->sessions(), 1U);
    EXPECT_FALSE(ended);
    // The next process that serves the socket finds the late connection in its queue.
    EXPECT_TRUE(net::accept_tcp(listener.get()).fd);
    early.reset();
    turn_until([&] { return ended; });
}

TEST_F(FrontTest, WhoRetiresMayStillBeDrained) {
    start();
    const auto client = connect();
    read_to(client.get(), "ESMTP\r\n");
    bool retired = false;
    bool drained = false;
    front->retire([&] { retired = true; });
    front->drain([&] { drained = true; });
    EXPECT_EQ(read_to(client.get(), "\r\n"), "421 Service shutting down\r\n");
    turn_until([&] { return drained; });
    EXPECT_FALSE(retired);
}

TEST_F(FrontTest, TheQueueOfASocketThatIsToBeClosedIsTaken) {
    start();
    auto leaving = *net::listen_tcp({*IpAddress::parse("127.0.0.1"), 0}, {});
    std::vector<net::Fd> waiting;
    waiting.reserve(40);
    for (int i = 0; i < 40; ++i)
        waiting.push_back(*net::connect_tcp(net::local_endpoint(leaving.get())));
    front->take_queue(leaving.get());
    leaving.reset();
    EXPECT_EQ(front->sessions(), 40U);
    for (const net::Fd& client : waiting)
        EXPECT_THAT(read_to(client.get(), "ESMTP\r\n"), StartsWith("220 "));
}

}  // namespace
}  // namespace sluice::front
