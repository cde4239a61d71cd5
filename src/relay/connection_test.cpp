// The time limits of one connection, to an MTA that the test plays and that falls silent. Nobody waits for
// them to pass: the timers are told that they have.
#include "relay/connection.hpp"

#include "net/testing/test_port.hpp"
#include "relay/recipient_check.hpp"
#include "relay/testing/relay_fixture.hpp"

namespace sluice::relay {
namespace {

using Outcome = Connection::Outcome;
using Stage = smtp::Dialogue::Stage;

class ConnectionTest : public testing::Test {
  protected:
    ~ConnectionTest() override { connection.close(); }

    /// The connection is greeted, and ready for a task.
    void SetUp() override {
        ASSERT_TRUE(connection.open("", ""));
        ASSERT_TRUE(run_until([&] {
            mta_ = net::accept_tcp(listener_.get()).fd;
            return static_cast<bool>(mta_);
        }));
        say("220 mx\r\n");
        ASSERT_TRUE(run_until([&] { return connection.dialogue().stage() == Stage::ehlo; }));
        say("250-mx\r\n250 PIPELINING\r\n");
        ASSERT_TRUE(run_until([&] { return owner.last == Outcome::opened; }));
        owner.last = Outcome::none;
    }

    void say(std::string_view octets) {
        ASSERT_EQ(net::write_some(mta_.get(), octets.data(), octets.size()),
                  static_cast<std::ptrdiff_t>(octets.size()));
    }
    bool run_until(const std::function<bool()>& condition) {
        const Instant end = loop.now() + Seconds{10};
        while (!condition()) {
            if (loop.now() >= end) return false;
            loop.turn(Millis{10});
        }
        return true;
    }

    /// Work that was begun in the last turn is given up when `limit` has passed, and not before.
    void expect_given_up_after(Millis limit, Outcome outcome) {
        loop.timers().advance(loop.now() + limit - Millis{1});
        EXPECT_EQ(owner.last, Outcome::none);
        loop.timers().advance(loop.now() + limit + net::TimerWheel::tick - Millis{1});
        EXPECT_EQ(owner.last, outcome);
        EXPECT_TRUE(connection.timed_out());
    }

    struct Owner final : Connection::Owner {
        void progressed(Connection& /*connection*/, Outcome outcome) override { last = outcome; }
        void idle_expired(Connection& /*connection*/) override {}
        Outcome last = Outcome::none;
    };

    net::Loop loop;
    PoolOptions options;
    Owner owner;

  private:
    net::Endpoint endpoint_{.address = IpAddress::v4({127, 0, 0, 1}), .port = net::test_port()};
    net::Fd listener_ = net::listen_tcp(endpoint_, {}).value();
    net::Fd mta_;
    UpstreamOptions upstream_options_{.address = {.tcp = endpoint_}};
    Upstream upstream_{upstream_options_, options};

  protected:
    Connection connection{loop, options, "front.example", upstream_, owner};
};

TEST_F(ConnectionTest, GivesTheMtaSomeTimeToCloseAfterQuit) {
    connection.quit();
    expect_given_up_after(Seconds{5}, Outcome::lost);  // quit_time_max
}

TEST_F(ConnectionTest, WaitsForRsetForATimeOfItsOwn) {
    ASSERT_GT(options.command_timeout, Seconds{10});
    ASSERT_TRUE(connection.dialogue().ask({"s@example.org", "", {{"r@example.net", ""}}}));
    connection.send();
    say("250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n");
    ASSERT_TRUE(run_until([&] { return connection.dialogue().stage() == Stage::rset; }));
    expect_given_up_after(Seconds{10}, Outcome::verified);  // reset_time_max
}

struct CheckOwner final : RecipientCheck::Owner {
    void gathered(RecipientCheck& /*check*/) override {}
    void begun(RecipientCheck& /*check*/) override {}
    void ended(RecipientCheck& /*check*/) override {}
};

TEST_F(ConnectionTest, WhatAnOldOneIsToldIsNotRemembered) {
    for (const Millis more : {Millis{0}, Millis{1}}) {
        CheckOwner check_owner;
        Ask question(1, "a@example.net");
        RecipientCheck check(check_owner, "front.example", question, "client");
        check.add(question, "key", "own key", false);
        connection.lease().opened_at = loop.now() - Seconds{60} - more;  // remembered_age_max
        check.begin(connection);
        owner.last = Outcome::none;
        say("250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.0.0 Ok\r\n");
        ASSERT_TRUE(run_until([&] { return owner.last == Outcome::verified; }));
        check.reached(connection, owner.last);
        EXPECT_EQ(check.asked().at(0).found.remembered, more == Millis{0});
    }
}

}  // namespace
}  // namespace sluice::relay
