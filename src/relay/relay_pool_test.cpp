// Tests which job gets which connection: identities, lanes, bounds, failover.

#include <algorithm>
#include <memory>
#include <set>

#include "relay/testing/relay_fixture.hpp"

namespace sluice::relay {
namespace {

using RelayPool = RelayTest;

bool ended(const std::vector<std::unique_ptr<Send>>& messages) {
    return std::ranges::all_of(messages, [](const auto& message) { return message->got.has_value(); });
}

/// Each message names its sender in its body: the MTA must have been told the same client.
std::vector<std::unique_ptr<Send>> messages_of(unsigned clients) {
    std::vector<std::unique_ptr<Send>> messages;
    for (unsigned host = 1; host <= clients; ++host) {
        messages.push_back(std::make_unique<Send>(host, std::vector<std::string>{"a@example.net"},
                                                  "192.0.2." + std::to_string(host) + "\r\n"));
    }
    return messages;
}

void expect_true_identities(const ScriptedMta& mta) {
    for (const ScriptedMta::Delivered& delivered : mta.delivered) {
        EXPECT_EQ(delivered.content, delivered.address + "\r\n");
        EXPECT_EQ("192.0.2." + delivered.helo.substr(6, delivered.helo.find('.') - 6), delivered.address);
    }
}

TEST_F(RelayPool, CarriesManyClientsOverFewConnections) {
    start_and_reach();
    const auto messages = messages_of(200);
    for (const auto& message : messages)
        relay->deliver(*message);
    ASSERT_TRUE(run_until([&] { return ended(messages); }));
    EXPECT_EQ(mta.delivered.size(), 200U);
    EXPECT_LE(mta.accepted, options.pool.connections_max);
    expect_true_identities(mta);
}

TEST_F(RelayPool, NeverShowsOneIdentityOnTheLeaseOfAnother) {
    // Every third XCLIENT is refused after ADDR took effect, every seventh connection dies at MAIL.
    unsigned xclients = 0;
    unsigned mails = 0;
    mta.script = [&](const ScriptedMta::Moment& moment) -> std::optional<std::string> {
        if (moment.verb == "XCLIENT" && ++xclients % 3 == 0) return "501 5.5.4 Bad";
        if (moment.verb == "MAIL" && ++mails % 7 == 0) return std::string(ScriptedMta::die);
        return std::nullopt;
    };
    start_and_reach();
    const auto messages = messages_of(100);
    for (const auto& message : messages)
        relay->deliver(*message);
    ASSERT_TRUE(run_until([&] { return ended(messages); }));
    std::size_t accepted = 0;
    for (const auto& message : messages) {
        EXPECT_TRUE(message->code() == 250 || message->code() == 451) << message->code();
        accepted += message->code() == 250 ? 1 : 0;
    }
    EXPECT_GT(accepted, 30U);
    EXPECT_EQ(mta.delivered.size(), accepted);
    expect_true_identities(mta);
    // A connection that refused XCLIENT has heard nothing after it.
    for (std::size_t i = 0; i < mta.seen.size(); ++i) {
        if (mta.seen[i].find("XCLIENT") == std::string::npos) continue;
        const std::string connection = mta.seen[i].substr(0, mta.seen[i].find(' ') + 1);
        const auto next = std::find_if(mta.seen.begin() + static_cast<std::ptrdiff_t>(i) + 1, mta.seen.end(),
                                       [&](const std::string& line) { return line.starts_with(connection); });
        if (next != mta.seen.end()) {
            EXPECT_NE(next->find("EHLO"), std::string::npos) << *next;
        }
    }
}

TEST_F(RelayPool, SaysNothingTwiceToTheSameClient) {
    start_and_reach();
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
    EXPECT_EQ(ask(1, "b@example.net").reply.code, 250);
    Send message(1, {"a@example.net"});
    EXPECT_EQ(send(message).reply.code, 250);
    EXPECT_EQ(mta.count("XCLIENT"), 1U);
    // Another session has another port, and the port is sent.
    Ask same(1, "c@example.net");
    same.identity.port = 12345;
    EXPECT_EQ(ask(same).reply.code, 250);
    EXPECT_EQ(mta.count("XCLIENT"), 2U);
    EXPECT_EQ(ask(2, "d@example.net").reply.code, 250);
    EXPECT_EQ(mta.count("XCLIENT"), 3U);
}

TEST_F(RelayPool, APortThatIsNotListedIsNoOtherIdentity) {
    mta.ehlo = "250-mx.internal.example\r\n250-XCLIENT NAME ADDR PROTO HELO\r\n250 PIPELINING\r\n";
    start_and_reach();
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
    Ask same(1, "c@example.net");
    same.identity.port = 12345;
    EXPECT_EQ(ask(same).reply.code, 250);
    EXPECT_EQ(mta.count("XCLIENT"), 1U);
}

TEST_F(RelayPool, PrefersTheConnectionThatSpeaksForTheClient) {
    options.pool.connections_max = 8;
    start_and_reach();
    Ask one(1, "a@example.net");
    Ask two(2, "b@example.net");
    EXPECT_FALSE(relay->verify(one).has_value());
    EXPECT_FALSE(relay->verify(two).has_value());
    ASSERT_TRUE(run_until([&] { return one.got && two.got; }));
    ASSERT_TRUE(run_until([&] { return relay->counts().idle == 2; }));
    const std::size_t introductions = mta.count("XCLIENT");
    for (unsigned round = 0; round < 4; ++round) {
        EXPECT_EQ(ask(1 + round % 2, "x" + std::to_string(round) + "@example.net").reply.code, 250);
    }
    EXPECT_LE(mta.count("XCLIENT"), introductions + 1);
}

TEST_F(RelayPool, GivesEachIdentityItsOwnConnectionWhereTheyCannotBeShared) {
    options.upstreams = {upstream(mta)};
    options.upstreams[0].pooled = false;
    mta.xclient_for_all = false;
    start_and_reach();
    const auto messages = messages_of(20);
    for (const auto& message : messages)
        relay->deliver(*message);
    ASSERT_TRUE(run_until([&] { return ended(messages); }));
    EXPECT_EQ(mta.delivered.size(), 20U);
    expect_true_identities(mta);
    EXPECT_GE(mta.accepted, 20U);
    EXPECT_EQ(mta.count("XCLIENT"), 20U);
}

TEST_F(RelayPool, FindsOutThatConnectionsCannotBeShared) {
    // The options say pooled, but Postfix authorises our own address only.
    mta.xclient_for_all = false;
    start_and_reach();
    const auto messages = messages_of(10);
    for (const auto& message : messages)
        relay->deliver(*message);
    ASSERT_TRUE(run_until([&] { return ended(messages); }));
    EXPECT_EQ(mta.delivered.size(), 10U);
    EXPECT_EQ(mta.count("XCLIENT"), 10U);
    expect_true_identities(mta);
}

TEST_F(RelayPool, TellsByProxyHeader) {
    mta.proxy = true;
    mta.ehlo = "250-mx.internal.example\r\n250 PIPELINING\r\n";
    options.upstreams = {upstream(mta)};
    options.upstreams[0].identity = IdentityBy::proxy_v2;
    start();
    ASSERT_TRUE(
        run_until([&] { return relay->offer().has(smtp::Extension::pipelining) && !notices.empty(); }));
    const auto messages = messages_of(10);
    for (const auto& message : messages)
        relay->deliver(*message);
    ASSERT_TRUE(run_until([&] { return ended(messages); }));
    EXPECT_EQ(mta.delivered.size(), 10U);
    expect_true_identities(mta);
    EXPECT_EQ(mta.accepted, 11U);  // the first only tested whether the MTA is there
    // The same session again uses the same connection.
    Ask question(10, "a@example.net");
    EXPECT_EQ(ask(question).reply.code, 250);
    EXPECT_EQ(mta.accepted, 11U);
    question.identity.port = 1;
    question.asked.address = "b@example.net";
    question.got.reset();
    EXPECT_EQ(ask(question).reply.code, 250);
    EXPECT_EQ(mta.accepted, 12U);
}

TEST_F(RelayPool, NeedsXclientWhereItIsDemanded) {
    mta.ehlo = "250-mx.internal.example\r\n250 PIPELINING\r\n";
    options.upstreams = {upstream(mta)};
    options.upstreams[0].identity = IdentityBy::xclient;
    start();
    ASSERT_TRUE(run_until([&] { return !notices.empty(); }));
    EXPECT_TRUE(notices[0].starts_with("identity_not_carried"));
    EXPECT_NE(reasons[0].find("XCLIENT"), std::string::npos);
    EXPECT_EQ(told("mta_down"), 1U);
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 451);
    EXPECT_EQ(mta.count("MAIL"), 0U);
}

TEST_F(RelayPool, ServesTheFastLaneFirst) {
    options.pool.connections_max = 1;
    start_and_reach();
    std::vector<std::unique_ptr<Send>> messages = messages_of(10);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        messages[i]->fast_lane = i >= 5;
        relay->deliver(*messages[i]);
    }
    ASSERT_TRUE(run_until([&] { return ended(messages); }));
    for (std::size_t i = 0; i < 5; ++i)
        EXPECT_EQ(mta.delivered[i].address, "192.0.2." + std::to_string(6 + i));
}

TEST_F(RelayPool, OneClientsSlowQuestionsLeaveRoomForOthers) {
    mta.script = [](const ScriptedMta::Moment& moment) -> std::optional<std::string> {
        if (moment.verb == "RCPT" && moment.line.find("slow") != std::string::npos)
            return std::string(ScriptedMta::hang);
        return std::nullopt;
    };
    options.pool.connections_max = 8;
    options.pool.command_timeout = Seconds{3};
    start_and_reach();
    std::vector<std::unique_ptr<Ask>> slow;
    for (unsigned i = 0; i < 25; ++i) {
        // Each question has its own sender, or they would share a transaction.
        const std::string n = std::to_string(i);
        slow.push_back(std::make_unique<Ask>(1 + i % 3, "slow" + n + "@example.net", n + "@example.org"));
        EXPECT_FALSE(relay->verify(*slow.back()).has_value());
    }
    ASSERT_TRUE(run_until([&] { return mta.count("RCPT") == 2; }));
    run_for(Millis{50});
    EXPECT_EQ(mta.count("RCPT"), 2U);  // a quarter of eight
    Ask good(1, "a@example.net");
    good.identity.address = IpAddress::v4({198, 51, 100, 1});
    const Instant asked = loop.now();
    EXPECT_EQ(ask(good).reply.code, 250);
    EXPECT_LT(loop.now() - asked, Millis{500});
}

/// Clients of other networks that ask one question after the other, without a pause.
class Crowd {
  public:
    Crowd(net::Loop& loop, Relay& relay, unsigned clients) : loop_(loop), relay_(relay), asked_(clients) {
        for (unsigned client = 0; client < clients; ++client)
            ask(client);
    }
    unsigned answers() const { return answers_; }
    void rest() { resting_ = true; }

  private:
    void ask(unsigned client) {
        auto question = std::make_unique<Ask>(1, "u" + std::to_string(++questions_) + "@example.net");
        question->identity.address = IpAddress::v4({198, 18, static_cast<std::uint8_t>(client), 1});
        question->then = [this, client] {
            ++answers_;
            if (!resting_) loop_.defer([this, client] { ask(client); });
        };
        asked_[client] = std::move(question);
        EXPECT_FALSE(relay_.verify(*asked_[client]).has_value());
    }

    net::Loop& loop_;
    Relay& relay_;
    std::vector<std::unique_ptr<Ask>> asked_;
    unsigned questions_ = 0;
    unsigned answers_ = 0;
    bool resting_ = false;
};

TEST_F(RelayPool, AConnectionOpenedForOneThatNeedsANewOneIsNotTakenFromIt) {
    bool said = false;
    mta.script = [&](const ScriptedMta::Moment& moment) -> std::optional<std::string> {
        if (said || moment.verb != "MAIL" || moment.line.find("victim@") == std::string::npos)
            return std::nullopt;
        said = true;
        return "503 5.5.1 Error: nested MAIL command";
    };
    options.pool.connections_max = 2;
    start_and_reach();
    Crowd crowd(loop, *relay, 12);
    ASSERT_TRUE(run_until([&] { return crowd.answers() > 20; }));
    Ask victim(1, "a@example.net", "victim@example.org");
    EXPECT_FALSE(relay->verify(victim).has_value());
    EXPECT_TRUE(run_until([&] { return victim.got.has_value(); }));
    EXPECT_EQ(victim.code(), 250);
    EXPECT_TRUE(said);
    crowd.rest();
    run_for(Millis{200});
}

TEST_F(RelayPool, BoundsHowManyWait) {
    options.pool.waiting_max = 3;
    start_and_reach();
    const auto messages = messages_of(4);
    for (const auto& message : messages)
        relay->deliver(*message);
    EXPECT_EQ(relay->counts().waiting, 4U);
    ASSERT_TRUE(run_until([&] { return ended(messages); }));
    EXPECT_EQ(messages[2]->code(), 250);
    EXPECT_EQ(messages[3]->code(), 451);
    EXPECT_TRUE(messages[3]->text().starts_with("4.3.2"));
}

TEST_F(RelayPool, BoundsHowLongTheyWait) {
    options.pool.connections_max = 1;
    options.pool.command_timeout = Seconds{3};
    options.pool.waiting_time_max = Seconds{1};
    start_and_reach();
    mta.script = at("MAIL", ScriptedMta::hang);
    Send holder(1, {"a@example.net"});
    relay->deliver(holder);
    run_for(Millis{20});
    Send waiting(2, {"a@example.net"});
    const Instant since = loop.now();
    EXPECT_EQ(send(waiting).reply.code, 451);
    EXPECT_GE(loop.now() - since, Millis{990});
    EXPECT_LT(loop.now() - since, Millis{1500});
    EXPECT_FALSE(holder.got.has_value());
}

TEST_F(RelayPool, FallsBackToTheNextPriorityAndReturns) {
    const net::Endpoint endpoint = mta.endpoint();
    options.upstreams = {upstream(other, 10), upstream(mta, 5)};
    start();
    ASSERT_TRUE(run_until([&] { return relay->counts().idle == 2; }));
    EXPECT_EQ(ask(1, "a@example.net").mta, endpoint.to_string());
    mta.go_down();
    run_for(Millis{20});
    EXPECT_EQ(ask(1, "b@example.net").mta, other.endpoint().to_string());
    EXPECT_EQ(ask(2, "c@example.net").mta, other.endpoint().to_string());
    EXPECT_THAT(notices, testing::Contains("mta_down " + endpoint.to_string()));
    ScriptedMta back(loop, endpoint);
    ASSERT_TRUE(run_until([&] { return back.accepted == 1; }));  // no client had to ask
    run_for(Millis{20});
    EXPECT_EQ(ask(1, "d@example.net").mta, endpoint.to_string());
    EXPECT_EQ(std::ranges::count(notices, "mta_up " + endpoint.to_string()), 2);
    relay.reset();
}

TEST_F(RelayPool, FallsBackFromAnMtaThatHangs) {
    options.upstreams = {upstream(mta, 0), upstream(other, 1)};
    start();
    ASSERT_TRUE(run_until([&] { return relay->counts().idle == 2; }));
    mta.script = always("MAIL", ScriptedMta::hang);
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 451);
    EXPECT_EQ(ask(1, "b@example.net").mta, other.endpoint().to_string());
}

TEST_F(RelayPool, SharesTheLoadAmongEquals) {
    options.upstreams = {upstream(mta), upstream(other)};
    start();
    ASSERT_TRUE(run_until([&] { return relay->counts().idle == 2; }));
    const auto messages = messages_of(40);
    for (const auto& message : messages)
        relay->deliver(*message);
    ASSERT_TRUE(run_until([&] { return ended(messages); }));
    EXPECT_GT(mta.delivered.size(), 5U);
    EXPECT_GT(other.delivered.size(), 5U);
}

TEST_F(RelayPool, OffersWhatAllReachableMtasOffer) {
    other.ehlo = "250-mx.internal.example\r\n250-PIPELINING\r\n250-SIZE 5000\r\n250 XCLIENT ADDR\r\n";
    options.allowed.remove(smtp::Extension::dsn);
    options.upstreams = {upstream(mta), upstream(other, 1)};
    start();
    EXPECT_EQ(relay->offer(),
              options.allowed.intersect(smtp::Offer::everything()).remove(smtp::Extension::requiretls))
        << "not heard yet";
    ASSERT_TRUE(run_until([&] { return relay->counts().idle == 2; }));
    EXPECT_EQ(relay->offer(),
              smtp::Offer().add(smtp::Extension::pipelining).add(smtp::Extension::size).set_size_max(5000));
    other.go_down();
    ASSERT_TRUE(run_until([&] { return relay->counts().connections == 1; }));
    Ask question(1, "a@example.net");
    EXPECT_EQ(ask(question).reply.code, 250);
}

TEST_F(RelayPool, RetiresConnectionsThatWereUsedOrLivedEnough) {
    options.pool.uses_max = 3;
    options.pool.connections_max = 1;
    start_and_reach();
    const auto messages = messages_of(9);
    for (const auto& message : messages)
        relay->deliver(*message);
    ASSERT_TRUE(run_until([&] { return ended(messages); }));
    run_for(Millis{20});
    EXPECT_EQ(mta.accepted, 3U);
    EXPECT_EQ(mta.count("QUIT"), 3U);
    EXPECT_EQ(mta.open(), 0U);
}

TEST_F(RelayPool, ClosesWhatIsIdleAboveTheMinimum) {
    options.pool.connections_min = 1;
    options.pool.idle_max = Seconds{1};
    start_and_reach();
    const auto messages = messages_of(8);
    for (const auto& message : messages)
        relay->deliver(*message);
    ASSERT_TRUE(run_until([&] { return ended(messages); }));
    ASSERT_TRUE(run_until([&] { return relay->counts().connections == 1; }));
    run_for(Millis{1100});
    EXPECT_EQ(relay->counts().connections, 1U);
    mta.hang_up();  // an MTA may do so to an idle connection at any time
    ASSERT_TRUE(run_until([&] { return relay->counts().idle == 0; }));
    ASSERT_TRUE(run_until([&] { return relay->counts().idle == 1; }));
    EXPECT_TRUE(
        std::ranges::none_of(notices, [](const auto& notice) { return notice.starts_with("mta_down"); }));
}

TEST_F(RelayPool, GivesConnectionsBackToAnMtaThatHasNoProcessForOneMore) {
    options.pool.connections_min = 2;
    options.pool.command_timeout = Seconds{8};
    mta.script = [](const ScriptedMta::Moment& moment) -> std::optional<std::string> {
        if (moment.verb == "connect" && moment.connection == 2) return std::string(ScriptedMta::hang);
        return std::nullopt;
    };
    start();
    ASSERT_TRUE(run_until([&] { return mta.accepted == 2; }));
    run_for(Millis{4000});
    EXPECT_EQ(mta.count("QUIT"), 0U);
    ASSERT_TRUE(run_until([&] { return mta.count("QUIT") == 1; }));
    EXPECT_THAT(notices, testing::Contains(testing::StartsWith("mta_greeting_late")));
}

TEST_F(RelayPool, DrainsWithoutTakingMore) {
    options.pool.connections_min = 1;
    start_and_reach();
    Send under_way(1, {"a@example.net"});
    relay->deliver(under_way);
    run_until([&] { return mta.count("MAIL") == 1; });
    relay->drain();
    Send late(2, {"a@example.net"});
    EXPECT_EQ(send(late).reply.code, 451);
    EXPECT_TRUE(late.text().starts_with("4.3.2"));
    ASSERT_TRUE(run_until([&] { return under_way.got.has_value(); }));
    EXPECT_EQ(under_way.code(), 250);
    ASSERT_TRUE(run_until([&] { return relay->counts().connections == 0 && mta.open() == 0; }));
}

TEST_F(RelayPool, SpeaksForAHeloClientByHelo) {
    start_and_reach();
    Send message(1, {"a@example.net"});
    message.identity.esmtp = false;
    EXPECT_EQ(send(message).reply.code, 250);
    EXPECT_EQ(mta.count("HELO client1.example"), 1U);
    EXPECT_EQ(mta.count("PROTO=SMTP"), 1U);
    EXPECT_EQ(ask(2, "b@example.net").reply.code, 250);
    EXPECT_EQ(mta.accepted, 1U);
}

}  // namespace
}  // namespace sluice::relay
