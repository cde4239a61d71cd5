// Clients that the MTA refuses at its greeting, or when it is told of them.
#include <algorithm>

#include "relay/testing/relay_fixture.hpp"

namespace sluice::relay {
namespace {

using RelayRefusal = RelayTest;

TEST_F(RelayRefusal, ReportsAnIdentityTheMtaWillNotHear) {
    start();
    mta.script = always("XCLIENT", "501 5.5.4 Bad ADDR syntax");
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 451);
    EXPECT_THAT(notices, testing::Contains(testing::StartsWith("identity_refused")));
    EXPECT_EQ(mta.count("MAIL"), 0U);
}

TEST_F(RelayRefusal, PassesOnWhomTheMtaRefuses) {
    start();
    mta.script = always("XCLIENT", "554 5.7.1 <x[192.0.2.1]>: go away, says mx.internal.example");
    const smtp::Answer answer = ask(1, "a@example.net");
    EXPECT_EQ(answer.reply, (smtp::Reply{554, "5.7.1 <x[192.0.2.1]>: go away, says front.example"}));
    EXPECT_TRUE(answer.for_session);
    EXPECT_THAT(notices, testing::Not(testing::Contains(testing::StartsWith("identity_refused"))));
    EXPECT_THAT(notices, testing::Not(testing::Contains(testing::StartsWith("mta_down"))));
    EXPECT_EQ(mta.count("XCLIENT"), 1U);
}

/// With PROXY the greeting is for the client, so a client that the MTA refuses cannot take it down.
TEST_F(RelayRefusal, ARefusedGreetingIsAboutTheClientThatWasNamed) {
    struct Row {
        std::string verb;
        std::string said;
        int code;
    };
    options.upstreams = {upstream(mta)};
    options.upstreams[0].identity = IdentityBy::proxy_v2;
    mta.proxy = true;
    for (const Row& row : {Row{"connect", "554 5.7.1 not you", 554}, Row{"connect", "421 4.7.1 busy", 451},
                           Row{"HELO", "504 5.5.2 what a name", 504}}) {
        relay.reset();
        loop.turn(Millis{0});
        const unsigned before = mta.accepted;
        start();
        ASSERT_TRUE(run_until([&] { return mta.accepted == before + 1 && mta.open() == 0; }));
        mta.script = [&](const ScriptedMta::Moment& moment) -> std::optional<std::string> {
            const bool named = moment.verb == "connect" || moment.line.ends_with("client1.example");
            if (row.verb == "HELO" && named && moment.verb == "EHLO") return "502 5.5.2 what?";
            if (row.verb != moment.verb || !named) return std::nullopt;
            return row.said;
        };
        const smtp::Answer answer = ask(1, "a@example.net");
        EXPECT_EQ(answer.reply.code, row.code);
        EXPECT_TRUE(answer.for_session);
        mta.script = nullptr;
        EXPECT_EQ(ask(2, "b@example.net").reply.code, 250);
        EXPECT_THAT(notices, testing::Not(testing::Contains(testing::StartsWith("mta_down")))) << row.said;
    }
}

/// "Try later" at the greeting may apply to every client; a connection for no client finds out.
TEST_F(RelayRefusal, AnMtaThatPutsEverybodyOffIsDown) {
    options.upstreams = {upstream(mta)};
    options.upstreams[0].identity = IdentityBy::proxy_v2;
    mta.proxy = mta.hears_proofs = true;  // a connection for no client asks in a stranger's name
    start();
    ASSERT_TRUE(run_until([&] { return mta.accepted == 1 && mta.open() == 0; }));
    mta.script = always("connect", "421 4.3.2 All server ports are busy");
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 451);
    EXPECT_TRUE(run_until(
        [&] { return std::ranges::count(notices, "mta_down " + mta.endpoint().to_string()) == 1; }));
}

}  // namespace
}  // namespace sluice::relay
