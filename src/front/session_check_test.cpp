// A check that is in a table of the test's own, and waits at MAIL: the session knows nothing of it.
#include <sys/socket.h>

#include <algorithm>

#include "front/testing/front_fixture.hpp"
#include "judge/testing/held_check.hpp"

namespace sluice::front {
namespace {

using judge::HeldInquiry;
using testing::HasSubstr;

class CheckTest : public FrontTest {
  protected:
    CheckTest() {
        checks = judge::with_held_check();
        options.policy.thresholds.slow = 5;
        options.policy.dns_deadline = Millis{20'000};
    }

    net::Fd client_at_mail() {
        auto client = connect();
        read_to(client.get(), "ESMTP\r\n");
        send(client.get(), "EHLO c\r\n");
        read_to(client.get(), "250 CHUNKING\r\n");
        send(client.get(), "MAIL FROM:<a@b>\r\n");
        turn_until([] { return !HeldInquiry::open().empty(); });
        return client;
    }
};

TEST_F(CheckTest, MailWaitsForACheckAndItsSignalCounts) {
    start();
    const auto client = client_at_mail();
    loop.turn(Millis{20});
    char octet = 0;
    EXPECT_EQ(net::read_some(client.get(), &octet, 1), net::io_would_block) << "no reply before the answer";
    HeldInquiry::open().front()->answer(7);
    EXPECT_EQ(read_to(client.get(), "Ok\r\n"), "250 2.1.0 Ok\r\n");
    send(client.get(), "RSET\r\nQUIT\r\n");
    read_to(client.get(), "Bye\r\n");
    turn_until([&] { return front->sessions() == 0; });
    const std::string text = log_text();
    EXPECT_THAT(text, HasSubstr(R"("event":"transaction")"));
    EXPECT_THAT(text, HasSubstr(R"("lane":"slow")"));
    EXPECT_THAT(text, HasSubstr(R"({"signal":"held","weight":7})"));
}

TEST_F(CheckTest, AClientThatLeavesWithdrawsTheQuestionOfACheck) {
    start();
    auto client = client_at_mail();
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    client.reset();
    turn_until([&] { return front->sessions() == 0; });
    EXPECT_TRUE(HeldInquiry::open().empty());
}

/// A line of the client, the stages at which it may wait, and the reply.
struct Exchange {
    std::vector<Stage> stages;
    std::string_view says;
    std::string_view reply;  // its end
};

TEST_F(CheckTest, ACheckMayWaitAtAnyStage) {
    const std::vector<Exchange> talk{
        {{Stage::connect, Stage::greeting}, "", "220 mx.test ESMTP\r\n"},
        {{Stage::helo}, "EHLO c\r\n", "CHUNKING\r\n"},
        {{Stage::mail}, "MAIL FROM:<a@b>\r\n", "2.1.0 Ok\r\n"},
        {{Stage::rcpt}, "RCPT TO:<c@d>\r\n", "2.1.5 Ok\r\n"},
        {{Stage::data}, "DATA\r\n", "<CR><LF>\r\n"},
        {{Stage::message}, "Subject: x\r\n\r\nx\r\n.\r\n", "2.1.5 Ok\r\n"},
    };
    for (std::size_t at = 0; at < judge::stages; ++at) {
        const judge::Check held = judge::held_check_at(static_cast<Stage>(at));
        const std::vector<const judge::Check*> rows{&held, &held};
        checks = rows;
        start();
        const auto client = connect();
        for (const Exchange& exchange : talk) {
            send(client.get(), exchange.says);
            if (std::ranges::find(exchange.stages, held.stage) != exchange.stages.end()) {
                turn_until([] { return HeldInquiry::open().size() == 2; });
                loop.turn(Millis{10});
                char octet = 0;
                EXPECT_EQ(net::read_some(client.get(), &octet, 1), net::io_would_block)
                    << judge::name_of(held.stage) << ": no reply before the answer";
                HeldInquiry::open().front()->answer(0);
                HeldInquiry::open().front()->answer(0);
            }
            if (exchange.says.ends_with("\r\n.\r\n")) {
                turn_until([&] { return backend.pending != nullptr; });
                backend.answer(yes());
            }
            read_to(client.get(), exchange.reply);
        }
        front.reset();
    }
}

}  // namespace
}  // namespace sluice::front
