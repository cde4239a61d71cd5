// An MTA gets no mail before it has shown that it does not relay for strangers, and only when it is told who
// its clients are.
#include "relay/testing/relay_fixture.hpp"

namespace sluice::relay {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class RelayTrust : public RelayTest {
  protected:
    RelayTrust() { mta.hears_proofs = true; }

    /// Answers 250 to foreign recipients while `open_relay` is set, whichever client asks.
    void relay_for(std::string address) {
        mta.script = [this, address = std::move(address),
                      now = std::string()](const ScriptedMta::Moment& moment) mutable {
            if (moment.verb == "connect") now.clear();
            if (moment.verb == "XCLIENT") now = "a stranger";
            const bool foreign = moment.line.find("sluice-check@") != std::string::npos;
            return foreign && open_relay && now == address ? std::optional<std::string>("250 2.1.5 Ok")
                                                           : std::nullopt;
        };
    }
    void expect_mail_is_put_off() {
        Send message(1, {"a@example.net"});
        (void)send(message);
        EXPECT_EQ(message.text(),
                  "4.3.0 Mail cannot be taken because of a configuration error, please try again later");
        EXPECT_EQ(message.code(), 451);
        EXPECT_EQ(mta.delivered.size(), 0U);
        EXPECT_EQ(mta.count("s@example.org"), 0U);
    }

    bool open_relay = true;
};

TEST_F(RelayTrust, IsAskedForAsSluiceAndAsAStrangerBeforeAnybodysMail) {
    start_and_reach();
    const std::vector<std::string> expected = {
        "1 EHLO front.example",
        "1 MAIL FROM:<>",
        "1 RCPT TO:<sluice-check@not-your-domain.example>",
        "1 RCPT TO:<sluice-check@[203.0.113.25]>",
        "1 RSET",
        "1 XCLIENT NAME=sluice-check.example PROTO=ESMTP HELO=[203.0.113.25] ADDR=203.0.113.25",
        "1 EHLO [203.0.113.25]",
        "1 MAIL FROM:<>",
        "1 RCPT TO:<sluice-check@not-your-domain.example>",
        "1 RCPT TO:<sluice-check@[203.0.113.25]>",
        "1 RSET"};
    ASSERT_EQ(mta.seen.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const bool xclient =
            expected[i].find("XCLIENT") != std::string::npos;  // the attributes' order is not fixed
        EXPECT_EQ(mta.seen[i].substr(0, xclient ? 9 : std::string::npos),
                  expected[i].substr(0, xclient ? 9 : std::string::npos));
    }
    EXPECT_THAT(mta.seen[5], HasSubstr("ADDR=203.0.113.25"));
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
    EXPECT_EQ(mta.accepted, 1U) << "on the same connection";
    EXPECT_THAT(mta.seen, Contains(HasSubstr("ADDR=192.0.2.1")));
}

TEST_F(RelayTrust, QuestionsWaitForIt) {
    start();
    Ask question(1, "a@example.net");
    EXPECT_EQ(ask(question).reply.code, 250);
    EXPECT_EQ(mta.count("sluice-check@"), 4U);
    EXPECT_EQ(mta.accepted, 1U);
}

TEST_F(RelayTrust, AnMtaThatRelaysForSluiceGetsNothing) {
    relay_for("");
    start();
    expect_mail_is_put_off();
    EXPECT_EQ(told("mta_relays_for_strangers"), 1U);
    EXPECT_THAT(reasons, Contains(HasSubstr("from Sluice itself")));
    EXPECT_EQ(relay->counts().connections, 0U);
}

TEST_F(RelayTrust, AnMtaThatRelaysForStrangersGetsNothingUntilItNoLongerDoes) {
    relay_for("a stranger");
    start();
    expect_mail_is_put_off();
    EXPECT_THAT(reasons, Contains(HasSubstr("from a stranger")));
    EXPECT_THAT(reasons, Contains(HasSubstr("takes_any_domain")));
    EXPECT_TRUE(run_until([&] { return told("mta_relays_for_strangers") == 2; })) << "and it is told again";
    EXPECT_EQ(told("mta_down"), 1U);
    open_relay = false;
    EXPECT_TRUE(run_until([&] { return told("mta_up") == 1; }));
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
}

TEST_F(RelayTrust, WhatBeginsToRelayLaterIsFoundOnANewConnection) {
    options.pool.relay_check = Seconds{1};
    open_relay = false;
    relay_for("");
    start_and_reach();
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
    open_relay = true;
    run_for(Millis{1100});
    mta.hang_up();
    ASSERT_TRUE(run_until([&] { return relay->counts().connections == 0; }));
    EXPECT_EQ(ask(2, "b@example.net").reply.code, 451);
    EXPECT_EQ(told("mta_relays_for_strangers"), 1U);
}

TEST_F(RelayTrust, AnotherOfferIsReasonEnough) {
    start_and_reach();
    mta.ehlo = "250-mx.internal.example\r\n250 XCLIENT NAME ADDR\r\n";
    mta.go_down();
    ASSERT_TRUE(run_until([&] { return relay->counts().connections == 0; }));
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 451);  // so that it is down
    mta.come_up();
    ASSERT_TRUE(run_until([&] { return told("mta_up") == 2; }));
    EXPECT_EQ(mta.count("sluice-check@"), 8U);
}

TEST_F(RelayTrust, AnotherMtaIsUsedMeanwhile) {
    relay_for("");
    options.upstreams = {upstream(mta), upstream(other, 1)};
    start();
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
    EXPECT_EQ(mta.count("192.0.2.1"), 0U);
    EXPECT_EQ(other.count("192.0.2.1"), 1U);
}

TEST_F(RelayTrust, ASinkThatIsMeantToTakeEverythingIsNotAsked) {
    relay_for("");
    options.upstreams = {upstream(mta)};
    options.upstreams[0].takes_any_domain = true;
    start_and_reach();
    EXPECT_EQ(mta.count("sluice-check@"), 0U);
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
}

TEST_F(RelayTrust, WhereEveryClientIsSluiceItIsAskedAsSluice) {
    options.upstreams = {upstream(mta)};
    options.upstreams[0].identity = IdentityBy::none;
    start_and_reach();
    EXPECT_EQ(mta.count("sluice-check@"), 2U);
    EXPECT_EQ(mta.count("XCLIENT"), 0U);
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
}

TEST_F(RelayTrust, ByProxyHeaderItIsAskedAsAStranger) {
    mta.proxy = true;
    open_relay = true;
    relay_for("");
    options.upstreams = {upstream(mta)};
    options.upstreams[0].identity = IdentityBy::proxy_v2;
    start();
    expect_mail_is_put_off();
    EXPECT_EQ(told("mta_relays_for_strangers"), 1U);
    EXPECT_THAT(reasons, Contains(HasSubstr("from a stranger")));
    open_relay = false;
    EXPECT_TRUE(run_until([&] { return told("mta_up") == 1; }));
    Send message(1, {"a@example.net"});
    EXPECT_EQ(send(message).reply.code, 250);
    EXPECT_EQ(mta.delivered.at(0).address, "192.0.2.1");
}

TEST_F(RelayTrust, OneThatBreaksOffAtTheQuestionIsUsedAfterThreeTimes) {
    mta.script = [](const ScriptedMta::Moment& moment) {
        const bool foreign = moment.line.find("sluice-check@") != std::string::npos;
        return foreign ? std::optional<std::string>(ScriptedMta::die) : std::nullopt;
    };
    start();
    ASSERT_TRUE(run_until([&] { return told("mta_relay_check_unanswered") == 1; }));
    EXPECT_EQ(mta.accepted, 3U);
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
    EXPECT_EQ(mta.accepted, 4U);
}

/// The stranger of the proof is refused then, and not the client that waits.
TEST_F(RelayTrust, A421DuringTheProofIsNoWordAboutTheClient) {
    bool down = true;
    mta.script = [&down](const ScriptedMta::Moment& moment) -> std::optional<std::string> {
        if (moment.verb != "XCLIENT" || !std::exchange(down, false)) return std::nullopt;
        return "421 4.3.2 Going down";
    };
    options.pool.outage_wait_max = Seconds{10};
    options.pool.waiting_time_max = Seconds{10};
    start();
    Ask question(1, "a@example.net");
    EXPECT_EQ(ask(question).reply.code, 250);
    EXPECT_FALSE(down);
}

TEST_F(RelayTrust, TheOfferIsWhatStrangersAreOffered) {
    mta.script = [nth = 0](const ScriptedMta::Moment& moment) mutable -> std::optional<std::string> {
        if (moment.verb != "EHLO" || ++nth != 2) return std::nullopt;
        return "250-mx.internal.example\r\n250-XCLIENT NAME ADDR\r\n250-PIPELINING\r\n250 SIZE 1000";
    };
    start_and_reach();
    EXPECT_FALSE(relay->offer().has(smtp::Extension::dsn));
    EXPECT_EQ(relay->offer().size_max(), 1000U);
}

TEST_F(RelayTrust, DsnIsDroppedForAClientThatIsNotOfferedIt) {
    mta.script = [](const ScriptedMta::Moment& moment) -> std::optional<std::string> {
        if (moment.line != "EHLO client1.example") return std::nullopt;
        return "250-mx.internal.example\r\n250-XCLIENT NAME ADDR\r\n250 PIPELINING";
    };
    start_and_reach();
    EXPECT_TRUE(relay->offer().has(smtp::Extension::dsn));
    Send message(1, {"a@example.net"});
    message.transaction.sender_parameters = "RET=HDRS ENVID=x";
    message.transaction.recipients[0].parameters = "NOTIFY=SUCCESS ORCPT=rfc822;a@example.net";
    EXPECT_EQ(send(message).reply.code, 250);
    EXPECT_THAT(mta.delivered.at(0).recipients, ElementsAre("<a@example.net>"));
    EXPECT_EQ(mta.delivered.at(0).sender, "<s@example.org>");
}

TEST_F(RelayTrust, WithoutXclientNobodyIsCarried) {
    const std::string with = mta.ehlo;
    const std::string without = "250-mx.internal.example\r\n250 PIPELINING\r\n";
    mta.ehlo = without;
    start();
    expect_mail_is_put_off();
    EXPECT_TRUE(run_until([&] { return told("identity_not_carried") == 2; })) << "and it is told again";
    EXPECT_THAT(reasons, Contains(HasSubstr("identity = \"none\"")));
    EXPECT_EQ(mta.count("MAIL"), 0U);
    mta.ehlo = with;
    EXPECT_TRUE(run_until([&] { return told("mta_up") == 1; }));
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
    // The MTA loses XCLIENT while it runs: not even the connections opened before go on.
    mta.ehlo = without;
    mta.hang_up();
    ASSERT_TRUE(run_until([&] { return relay->counts().connections == 0; }));
    Ask question(2, "b@example.net");
    EXPECT_EQ(ask(question).reply.code, 451);
    EXPECT_THAT(question.text(), HasSubstr("4.3.0"));
}

TEST_F(RelayTrust, NobodyLogsInWithoutXclient) {
    mta.auth = "PLAIN";
    start_and_reach();
    mta.ehlo = "250-mx.internal.example\r\n250 PIPELINING\r\n";
    const smtp::ClientIdentity client = client_at(1);
    const auto login = relay->open_login(client);
    ASSERT_NE(login, nullptr);
    Authenticate question(*login, client, "AUTH PLAIN AGEAcHc=");
    relay->authenticate(question);
    ASSERT_TRUE(run_until([&] { return question.got.has_value(); }));
    EXPECT_EQ(question.got->reply.code, 454);
    EXPECT_EQ(mta.count("AUTH"), 0U);
}

}  // namespace
}  // namespace sluice::relay
