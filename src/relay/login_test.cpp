// AUTH passed on over an MTA connection of the client's own, and the commands that follow it.
#include "relay/login.hpp"

#include <sys/resource.h>

#include "relay/testing/relay_fixture.hpp"

namespace sluice::relay {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

class RelayLogin : public RelayTest {
  protected:
    RelayLogin() { mta.auth = "PLAIN LOGIN"; }

    /// Opens a login of this client at an MTA that has been reached.
    void open(unsigned client_host = 1) {
        if (!relay) start_and_reach();
        client = client_at(client_host);
        login = relay->open_login(client);
        ASSERT_NE(login, nullptr);
    }
    /// Returns the MTA's reply to one line, as the client hears it: "235 2.7.0 …".
    std::string say(const std::string& line) {
        Authenticate question(*login, client, line);
        relay->authenticate(question);
        EXPECT_FALSE(question.got.has_value()) << "from inside the question";
        EXPECT_TRUE(run_until([&] { return question.got.has_value(); }));
        if (!question.got) return "";
        by = question.got->by;
        return std::to_string(question.got->reply.code) + " " + question.got->reply.text;
    }
    int ask_as_user(const std::string& address) {
        Ask question(1, address);
        question.login = login.get();
        return ask(question).reply.code;
    }
    void authenticate() {
        open();
        ASSERT_EQ(say("AUTH PLAIN AGEAcHc="), "235 2.7.0 Authentication successful");
    }

    smtp::ClientIdentity client;
    std::unique_ptr<smtp::Login> login;
    std::string by;
};

TEST_F(RelayLogin, OffersTheMechanismsOfAnMtaThatIsUp) {
    start();
    EXPECT_EQ(relay->auth_mechanisms(), "");
    EXPECT_EQ(relay->open_login(client_at(1)), nullptr);
    ASSERT_TRUE(run_until([&] { return relay->counts().idle > 0; }));
    EXPECT_EQ(relay->auth_mechanisms(), "PLAIN LOGIN");
    mta.go_down();
    ASSERT_TRUE(run_until([&] { return relay->counts().connections == 0; }));
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 451);
    EXPECT_EQ(relay->auth_mechanisms(), "");
    EXPECT_EQ(relay->open_login(client_at(1)), nullptr);
}

TEST_F(RelayLogin, OffersNothingWhereTheMtaDoesNot) {
    mta.auth = "";
    start_and_reach();
    EXPECT_EQ(relay->auth_mechanisms(), "");
    EXPECT_EQ(relay->open_login(client_at(1)), nullptr);
}

TEST_F(RelayLogin, PassesAuthOnInTheNameOfTheClient) {
    authenticate();
    EXPECT_EQ(by, "mta");
    EXPECT_THAT(
        mta.seen,
        ElementsAre("1 EHLO front.example", "2 EHLO front.example",
                    "2 XCLIENT ADDR=192.0.2.1 PORT=40001 PROTO=ESMTP NAME=[TEMPUNAVAIL] HELO=client1.example",
                    "2 EHLO client1.example", "2 AUTH PLAIN AGEAcHc="));
}

TEST_F(RelayLogin, GoesThroughAnExchangeOfSeveralLines) {
    open();
    EXPECT_EQ(say("AUTH LOGIN"), "334 VXNlcm5hbWU6");
    EXPECT_EQ(say("dXNlcg=="), "334 UGFzc3dvcmQ6");
    EXPECT_EQ(say("cGFzc3dvcmQ="), "235 2.7.0 Authentication successful");
    EXPECT_EQ(mta.accepted, 2U);
}

TEST_F(RelayLogin, MayTryAgainOnTheSameConnection) {
    mta.script = at("AUTH", "535 5.7.8 Error: authentication failed");
    open();
    EXPECT_EQ(say("AUTH PLAIN AGEAbm8="), "535 5.7.8 Error: authentication failed");
    EXPECT_EQ(say("AUTH PLAIN AGEAcHc="), "235 2.7.0 Authentication successful");
    EXPECT_EQ(mta.accepted, 2U);
    EXPECT_EQ(mta.count("XCLIENT"), 1U);
}

TEST_F(RelayLogin, CarriesWhatTheUserSends) {
    authenticate();
    EXPECT_EQ(ask_as_user("a@example.net"), 250);
    Send message(1, {"a@example.net"}, "Subject: mine\r\n\r\nbody\r\n");
    message.login = login.get();
    EXPECT_EQ(send(message).reply.code, 250);
    ASSERT_EQ(mta.delivered.size(), 1U);
    EXPECT_EQ(mta.delivered[0].connection, 2U);
    EXPECT_TRUE(mta.delivered[0].authenticated);
    EXPECT_EQ(mta.delivered[0].address, "192.0.2.1");
    EXPECT_EQ(mta.delivered[0].content, message.octets);
    EXPECT_EQ(mta.count("AUTH"), 1U);
}

TEST_F(RelayLogin, IsNeverUsedForAnybodyElse) {
    authenticate();
    EXPECT_EQ(relay->counts().connections, 1U);
    // The same client without its login, and others, all at once: only the pool's connections serve them.
    std::vector<std::unique_ptr<Send>> messages;
    for (unsigned host = 1; host <= 20; ++host) {
        messages.push_back(std::make_unique<Send>(host, std::vector<std::string>{"a@example.net"}));
        relay->deliver(*messages.back());
    }
    ASSERT_TRUE(run_until([&] { return mta.delivered.size() == messages.size(); }));
    for (const ScriptedMta::Delivered& delivered : mta.delivered) {
        EXPECT_NE(delivered.connection, 2U);
        EXPECT_FALSE(delivered.authenticated);
    }
    // After the login is dropped, its connection is closed and not kept.
    ASSERT_TRUE(run_until([&] { return relay->counts().idle == relay->counts().connections; }));
    const unsigned open_before = mta.open();
    login.reset();
    ASSERT_TRUE(run_until([&] { return mta.open() == open_before - 1; }));
    EXPECT_EQ(mta.open(), relay->counts().connections);
}

TEST_F(RelayLogin, NeitherReadsNorWritesWhatIsRememberedForAll) {
    mta.script = [](const ScriptedMta::Moment& moment) -> std::optional<std::string> {
        const bool users = moment.connection == 2 && moment.verb == "RCPT";
        return users ? std::optional("550 5.1.1 User unknown to you") : std::nullopt;
    };
    start_and_reach();
    EXPECT_EQ(ask(3, "known@example.net").reply.code, 250);
    authenticate();
    EXPECT_EQ(ask_as_user("known@example.net"), 550);
    EXPECT_EQ(ask_as_user("other@example.net"), 550);
    const smtp::Answer others = ask(3, "other@example.net");
    EXPECT_EQ(others.reply.code, 250);
    EXPECT_EQ(others.by, "mta");
    EXPECT_EQ(ask(3, "known@example.net").by, "cache");
}

TEST_F(RelayLogin, AreBounded) {
    options.auth_connections_max = 2;
    open();
    auto second = relay->open_login(client_at(2));
    EXPECT_NE(second, nullptr);
    EXPECT_EQ(relay->open_login(client_at(3)), nullptr);
    second.reset();
    EXPECT_NE(relay->open_login(client_at(3)), nullptr);
}

TEST_F(RelayLogin, FailsForAWhileWhenTheMtaCannotBeHad) {
    for (const char* verb : {"connect", "EHLO", "XCLIENT", "AUTH"}) {
        mta.script = [verb](const ScriptedMta::Moment& moment) -> std::optional<std::string> {
            if (moment.connection % 2 == 1 || moment.verb != verb) return std::nullopt;
            return std::string(ScriptedMta::die);
        };
        const unsigned accepted = mta.accepted;
        relay.reset();
        open();
        EXPECT_EQ(say("AUTH PLAIN AGEAcHc="), "454 4.7.0 Temporary authentication failure") << verb;
        EXPECT_EQ(by, "mta");
        EXPECT_EQ(mta.accepted, accepted + 2);
        // No second connection is opened: the session ends, and the client connects again.
        EXPECT_THAT(say("AUTH PLAIN AGEAcHc="), StartsWith("421 4.4.2 "));
        EXPECT_EQ(mta.accepted, accepted + 2);
        login.reset();
    }
}

TEST_F(RelayLogin, WaitsNoLongerThanForACommand) {
    mta.script = at("AUTH", ScriptedMta::hang);
    open();
    EXPECT_EQ(say("AUTH PLAIN AGEAcHc="), "454 4.7.0 Temporary authentication failure");
}

TEST_F(RelayLogin, EndsWithTheConnection) {
    authenticate();
    mta.hang_up();
    run_for(Millis{50});
    Send message(1, {"a@example.net"});
    message.login = login.get();
    EXPECT_EQ(send(message).reply.code, 421);
    EXPECT_EQ(ask_as_user("a@example.net"), 421);
    EXPECT_EQ(mta.delivered.size(), 0U);
    EXPECT_EQ(mta.accepted, 2U);
}

TEST_F(RelayLogin, EndsWhenTheMtaClosesInTheMidstOfIt) {
    authenticate();
    mta.script = at("MAIL", "421 4.3.2 Shutting down");
    EXPECT_EQ(ask_as_user("a@example.net"), 451);  // in the MTA's own words
    EXPECT_EQ(ask_as_user("b@example.net"), 421);
    EXPECT_EQ(mta.accepted, 2U);
}

TEST_F(RelayLogin, TellsARefusalAndThatTheMtaIsDone) {
    authenticate();
    // 421 to the dot is a reply to the message: the client receives it unchanged, and may try again.
    mta.script = at("dot", "421 4.3.2 Shutting down");
    Send message(1, {"a@example.net"});
    message.login = login.get();
    EXPECT_EQ(send(message).reply.code, 451);
    EXPECT_EQ(ask_as_user("a@example.net"), 421);
}

TEST_F(RelayLogin, KeepsTheMtasWordsForTheLog) {
    authenticate();
    mta.script = at("MAIL", "503 5.5.1 nested");
    Ask first(1, "a@example.net");
    first.login = login.get();
    const smtp::Answer lost = ask(first);
    EXPECT_EQ(lost.reply.code, 421);
    EXPECT_EQ(lost.mta_reply, "503 5.5.1 nested (in reply to MAIL FROM)");
    Ask second(1, "b@example.net");
    second.login = login.get();
    EXPECT_EQ(ask(second).mta_reply, lost.mta_reply);
    EXPECT_EQ(mta.accepted, 2U);
}

TEST_F(RelayLogin, PassesOnWhomTheMtaRefuses) {
    struct Row {
        std::string said;
        int code;
    };
    for (const Row& row : {Row{"554 5.7.1 go away", 554}, Row{"421 4.7.1 busy", 454}}) {
        relay.reset();
        open();
        mta.script = always("XCLIENT", row.said);
        EXPECT_EQ(say("AUTH PLAIN AGEAcHc="), std::to_string(row.code) + row.said.substr(3));
        login.reset();
    }
}

TEST_F(RelayLogin, RefusesWhatTheMtaDoesNotOffer) {
    authenticate();
    Ask question(1, "a@example.net");
    question.login = login.get();
    question.transaction.sender_parameters = " SMTPUTF8";
    EXPECT_EQ(ask(question).reply.code, 451);
    EXPECT_EQ(mta.count("MAIL"), 0U);
    EXPECT_EQ(ask_as_user("a@example.net"), 250);
}

TEST_F(RelayLogin, ClosesTheConnectionOfAQuestionThatIsWithdrawn) {
    for (const Millis after : {Millis{0}, Millis{50}}) {
        mta.script = at("AUTH", ScriptedMta::hang);
        open();
        const unsigned pooled = mta.open();
        {
            Authenticate question(*login, client, "AUTH PLAIN AGEAcHc=");
            relay->authenticate(question);
            run_for(after);
        }
        run_for(Millis{50});
        EXPECT_EQ(mta.open(), pooled);
        login.reset();
    }
}

TEST_F(RelayLogin, KnowsWhetherTheDotHasBeenPassedOn) {
    for (const char* const stage : {"MAIL", "DATA", "dot"}) {
        const bool dot = stage == std::string("dot");
        authenticate();
        mta.script = always(stage, ScriptedMta::hang);
        Send message(1, {"a@example.net"});
        message.login = login.get();
        relay->deliver(message);
        EXPECT_FALSE(relay->passed_on(message));
        ASSERT_TRUE(run_until([&] { return dot ? relay->passed_on(message) : mta.count(stage) != 0; }));
        run_for(Millis{20});
        EXPECT_EQ(relay->passed_on(message), dot) << stage;
        mta.script = nullptr;
        mta.seen.clear();
    }
}

TEST_F(RelayLogin, MayGoBeforeItsQuestionIsPutToTheMta) {
    open();
    {
        Authenticate question(*login, client, "AUTH PLAIN AGEAcHc=");
        relay->authenticate(question);
    }
    login.reset();
    run_for(Millis{20});
    EXPECT_EQ(mta.count("AUTH"), 0U);
}

TEST_F(RelayLogin, NamesTheClientByProxyHeaderFirst) {
    mta.proxy = true;
    options.upstreams = {upstream(mta)};
    options.upstreams[0].identity = IdentityBy::proxy_v2;
    start();
    ASSERT_TRUE(run_until([&] { return !relay->auth_mechanisms().empty(); }));
    authenticate();
    Send message(1, {"a@example.net"});
    message.login = login.get();
    EXPECT_EQ(send(message).reply.code, 250);
    EXPECT_EQ(mta.delivered.at(0).address, "192.0.2.1");
    EXPECT_EQ(mta.delivered.at(0).helo, "client1.example");
}

TEST_F(RelayLogin, NamesTheClientInAHeaderWhereTheMtaCannotBeTold) {
    options.upstreams = {upstream(mta)};
    options.upstreams[0].identity = IdentityBy::none;
    authenticate();
    Send message(1, {"a@example.net"});
    message.login = login.get();
    EXPECT_EQ(send(message).reply.code, 250);
    EXPECT_THAT(mta.delivered.at(0).content, StartsWith("Received: from client1.example ([192.0.2.1])\r\n"));
    EXPECT_EQ(mta.count("XCLIENT"), 0U);
}

TEST_F(RelayLogin, FailsForAWhileWhenThereIsNoDescriptorForIt) {
    open();
    rlimit usual{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = usual.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const std::string without = say("AUTH PLAIN AGEAcHc=");
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
    EXPECT_EQ(without, "454 4.7.0 Temporary authentication failure");
    login.reset();
    authenticate();
}

TEST_F(RelayLogin, MayBeLetGoOfByWhoHearsTheAnswer) {
    for (const char* verb : {"AUTH", "connect"}) {
        mta.script = verb == std::string("AUTH") ? at(verb, "535 5.7.8 No") : at(verb, ScriptedMta::die);
        open();
        Authenticate question(*login, client, "AUTH PLAIN AGEAbm8=");
        question.then = [this] { login.reset(); };
        relay->authenticate(question);
        ASSERT_TRUE(run_until([&] { return question.got.has_value(); }));
        EXPECT_EQ(login, nullptr);
        ASSERT_TRUE(run_until([this] { return mta.open() == relay->counts().connections; }));
    }
}

}  // namespace
}  // namespace sluice::relay
