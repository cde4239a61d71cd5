// Recipient verification against a real socket: caching, coalescing, and what an MTA can do wrong.

#include <algorithm>
#include <memory>

#include "relay/testing/relay_fixture.hpp"

namespace sluice::relay {
namespace {

using RelayVerify = RelayTest;

TEST_F(RelayVerify, AsksTheMtaOnceAndRemembers) {
    start_and_reach();
    const smtp::Answer first = ask(1, "known@Example.net");
    EXPECT_EQ(first.reply, (smtp::Reply{250, "2.1.5 Ok"}));
    EXPECT_EQ(first.by, "mta");
    EXPECT_EQ(first.mta, mta.endpoint().to_string());
    const smtp::Answer second = ask(2, "known@example.NET");
    EXPECT_EQ(second.reply, first.reply);
    EXPECT_EQ(second.by, "cache");
    EXPECT_EQ(mta.count("RCPT"), 1U);
    EXPECT_EQ(relay->counts().cached, 1U);
    EXPECT_EQ(ask(1, "Known@example.net").by, "mta");  // local parts are the MTA's business
}

TEST_F(RelayVerify, RemembersWhoIsUnknown) {
    start_and_reach();
    EXPECT_EQ(ask(1, "unknown@example.net").reply.code, 550);
    const smtp::Answer again = ask(2, "unknown@example.net");
    EXPECT_EQ(again.reply, (smtp::Reply{550, "5.1.1 Recipient address rejected: User unknown"}));
    EXPECT_EQ(again.by, "cache");
    EXPECT_TRUE(again.unknown_recipient);
    EXPECT_EQ(mta.count("RCPT"), 1U);
}

TEST_F(RelayVerify, NeverRemembersWhatIsAboutTheClientOrTheMoment) {
    start_and_reach();
    for (const auto& [address, code] : {std::pair{"policy@example.net", 554}, {"later@example.net", 450}}) {
        for (unsigned host = 1; host <= 2; ++host) {
            const smtp::Answer answer = ask(host, address);
            EXPECT_EQ(answer.reply.code, code);
            EXPECT_EQ(answer.by, "mta");
            EXPECT_FALSE(answer.unknown_recipient);
        }
    }
    EXPECT_EQ(mta.count("RCPT"), 4U);
}

TEST_F(RelayVerify, NeverTakesARefusedSenderForARefusedRecipient) {
    mta.script = at("MAIL", "550 5.1.1 sender unknown");
    start_and_reach();
    const smtp::Answer refused = ask(1, "known@example.net");
    EXPECT_EQ(refused.reply.code, 550);
    EXPECT_FALSE(refused.unknown_recipient);
    EXPECT_EQ(relay->counts().cached, 0U);
    EXPECT_EQ(ask(1, "known@example.net").reply.code, 250);
}

TEST_F(RelayVerify, AsksOnceForAllWhoAskTogether) {
    start_and_reach();
    std::vector<std::unique_ptr<Ask>> asks;
    for (unsigned host = 1; host <= 50; ++host) {
        asks.push_back(std::make_unique<Ask>(host, "unknown@example.net"));
        EXPECT_FALSE(relay->verify(*asks.back()).has_value());
    }
    ASSERT_TRUE(
        run_until([&] { return std::ranges::all_of(asks, [](const auto& a) { return a->code() == 550; }); }));
    EXPECT_EQ(mta.count("RCPT"), 1U);
}

/// Two clients of one network: what the MTA did at the first client's sender says nothing about the second's.
TEST_F(RelayVerify, AsksForEachWhenTheMtaBrokeOffAtTheFirst) {
    mta.script = [](const ScriptedMta::Moment& moment) -> std::optional<std::string> {
        if (moment.verb != "MAIL" || moment.line.find("bad@") == std::string::npos) return std::nullopt;
        return "503 5.5.1 not with me";
    };
    start_and_reach();
    Ask first(1, "a@example.net", "bad@example.org");
    Ask second(2, "a@example.net");
    EXPECT_FALSE(relay->verify(first).has_value());
    EXPECT_FALSE(relay->verify(second).has_value());
    ASSERT_TRUE(run_until([&] { return first.got.has_value() && second.got.has_value(); }));
    EXPECT_EQ(first.code(), 451);
    EXPECT_EQ(second.code(), 250);
}

TEST_F(RelayVerify, AsksForEachWhenTheAnswerWasAboutTheFirst) {
    // The MTA refuses 192.0.2.1 and no other client.
    std::string client;
    mta.script = [&](const ScriptedMta::Moment& moment) -> std::optional<std::string> {
        if (moment.verb == "XCLIENT") client = moment.line;
        if (moment.verb == "RCPT" && client.contains("ADDR=192.0.2.1 "))
            return "554 5.7.1 Client host rejected";
        return std::nullopt;
    };
    options.pool.connections_max = 1;
    start_and_reach();
    Ask first(1, "known@example.net");
    Ask second(2, "known@example.net");
    Ask third(3, "known@example.net");
    for (Ask* question : {&first, &second, &third})
        EXPECT_FALSE(relay->verify(*question).has_value());
    ASSERT_TRUE(run_until([&] { return first.got && second.got && third.got; }));
    EXPECT_EQ(first.code(), 554);
    EXPECT_EQ(second.code(), 250);
    EXPECT_EQ(third.code(), 250);
}

/// One client with several connections, each asking about its own recipient.
class RelayVerifyTogether : public RelayTest {
  protected:
    void ask_all(const std::vector<std::string>& addresses, unsigned host = 1) {
        for (const std::string& address : addresses) {
            asks.push_back(std::make_unique<Ask>(host, address));
            EXPECT_FALSE(relay->verify(*asks.back()).has_value());
        }
    }
    std::vector<int> answers() {
        EXPECT_TRUE(run_until(
            [&] { return std::ranges::all_of(asks, [](const auto& a) { return a->got.has_value(); }); }));
        std::vector<int> codes;
        codes.reserve(asks.size());
        for (const auto& each : asks)
            codes.push_back(each->code());
        return codes;
    }

    /// A script that refuses every recipient of a transaction after the second.
    static ScriptedMta::Script from_the_third_on(std::string reply) {
        return [reply = std::move(reply),
                recipients = 0U](const ScriptedMta::Moment& moment) mutable -> std::optional<std::string> {
            if (moment.verb == "MAIL") recipients = 0;
            if (moment.verb == "RCPT" && ++recipients > 2) return reply;
            return std::nullopt;
        };
    }

    std::vector<std::unique_ptr<Ask>> asks;
};

TEST_F(RelayVerifyTogether, InOneTransaction) {
    start_and_reach();
    ask_all({"a@example.net", "unknown@example.net", "b@example.net", "unknown2@example.net"});
    EXPECT_EQ(answers(), (std::vector{250, 550, 250, 550}));
    EXPECT_EQ(mta.count("MAIL"), 1U);
    EXPECT_EQ(mta.count("RCPT"), 4U);
    EXPECT_EQ(relay->counts().cached, 4U);
    EXPECT_TRUE(asks[3]->got->unknown_recipient);
}

TEST_F(RelayVerifyTogether, NeverInTheNameOfAnother) {
    start_and_reach();
    for (unsigned host = 1; host <= 3; ++host)
        ask_all({"a" + std::to_string(host) + "@example.net"}, host);
    asks.push_back(std::make_unique<Ask>(1, "b@example.net", "other@example.org"));
    EXPECT_FALSE(relay->verify(*asks.back()).has_value());
    EXPECT_EQ(answers(), (std::vector{250, 250, 250, 250}));
    EXPECT_EQ(mta.count("MAIL"), 4U);
}

TEST_F(RelayVerifyTogether, AsManyAsAllowed) {
    options.verify.per_transaction_max = 3;
    start_and_reach();
    ask_all({"a@example.net", "b@example.net", "c@example.net", "d@example.net", "e@example.net"});
    EXPECT_EQ(answers(), std::vector(5, 250));
    EXPECT_EQ(mta.count("MAIL"), 2U);
}

TEST_F(RelayVerifyTogether, OneByOneWhenThatIsWanted) {
    options.verify.per_transaction_max = 1;
    start_and_reach();
    ask_all({"a@example.net", "b@example.net", "c@example.net"});
    EXPECT_EQ(answers(), std::vector(3, 250));
    EXPECT_EQ(mta.count("MAIL"), 3U);
}

TEST_F(RelayVerifyTogether, GatherWhileTheMtaIsBusyWithTheFirst) {
    start_and_reach();
    ask_all({"a@example.net"});
    ASSERT_TRUE(run_until([&] { return mta.count("MAIL") == 1; }));
    ask_all({"b@example.net", "c@example.net"});
    EXPECT_EQ(answers(), std::vector(3, 250));
    EXPECT_EQ(mta.count("MAIL"), 2U);
    EXPECT_EQ(mta.accepted, 1U);
}

TEST_F(RelayVerifyTogether, DoNotGatherForLong) {
    options.pool.connections_max = 8;
    mta.script = at("RCPT", ScriptedMta::hang);
    start_and_reach();
    ask_all({"a@example.net"});
    ASSERT_TRUE(run_until([&] { return mta.count("RCPT") == 1; }));
    const Instant asked = loop.now();
    ask_all({"b@example.net"});
    ASSERT_TRUE(run_until([&] { return asks.back()->got.has_value(); }));
    EXPECT_LT(loop.now() - asked, Millis{500});
    EXPECT_EQ(answers(), (std::vector{451, 250}));
}

TEST_F(RelayVerifyTogether, EachAloneWhenTheMtaHasEnough) {
    mta.script = from_the_third_on("452 4.5.3 Too many recipients");
    start_and_reach();
    ask_all({"a@example.net", "b@example.net", "unknown@example.net", "d@example.net"});
    EXPECT_EQ(answers(), (std::vector{250, 250, 550, 250}));
    EXPECT_EQ(mta.count("MAIL"), 3U);
}

TEST_F(RelayVerifyTogether, EachAloneWhenTheMtaClosesOnThem) {
    mta.script = from_the_third_on("421 4.7.0 Too many");
    start();
    ask_all({"a@example.net", "b@example.net", "unknown@example.net"});
    EXPECT_EQ(answers(), (std::vector{250, 250, 550}));
}

TEST_F(RelayVerifyTogether, ARefusedSenderIsRefusedForAll) {
    mta.script = always("MAIL", "550 5.1.8 No such sender");
    start_and_reach();
    ask_all({"a@example.net", "b@example.net"});
    EXPECT_EQ(answers(), std::vector(2, 550));
    EXPECT_EQ(mta.count("MAIL"), 1U);
    EXPECT_EQ(relay->counts().cached, 0U);
}

TEST_F(RelayVerifyTogether, SomeWithParametersTheMtaDoesNotKnow) {
    mta.ehlo = "250-mx.internal.example\r\n250-XCLIENT NAME ADDR\r\n250 PIPELINING\r\n";
    start_and_reach();
    ask_all({"a@example.net"});
    asks.push_back(std::make_unique<Ask>(1, "b@example.net"));
    asks.back()->asked.parameters = "NOTIFY=NEVER";
    EXPECT_FALSE(relay->verify(*asks.back()).has_value());
    asks.push_back(std::make_unique<Ask>(1, "c@example.net"));
    asks.back()->transaction.sender_parameters = "SMTPUTF8";
    EXPECT_FALSE(relay->verify(*asks.back()).has_value());
    EXPECT_EQ(answers(), (std::vector{250, 250, 451}));
    EXPECT_EQ(mta.count("NOTIFY"), 0U) << "it is dropped where DSN is not offered";
}

TEST_F(RelayVerifyTogether, SurviveWithdrawalAtAnyMoment) {
    start_and_reach();
    for (int turns = 0; turns < 12; ++turns) {
        const std::string number = std::to_string(turns);
        ask_all({"later" + number + "@example.net"});
        auto first = std::move(asks.back());
        asks.pop_back();
        ask_all({"later-b" + number + "@example.net"});
        for (int turn = 0; turn < turns; ++turn)
            loop.turn(Millis{1});
        ask_all({"later-c" + number + "@example.net"});
        first.reset();
        if (turns % 2 == 0) asks.clear();
        EXPECT_EQ(answers(), std::vector(asks.size(), 450)) << turns;
        asks.clear();
    }
}

TEST_F(RelayVerify, SurvivesWithdrawalAtAnyMoment) {
    start_and_reach();
    for (int turns = 0; turns < 12; ++turns) {
        auto leaver = std::make_unique<Ask>(1, "later" + std::to_string(turns) + "@example.net");
        Ask stayer(2, "later" + std::to_string(turns) + "@example.net");
        EXPECT_FALSE(relay->verify(*leaver).has_value());
        EXPECT_FALSE(relay->verify(stayer).has_value());
        for (int turn = 0; turn < turns; ++turn)
            loop.turn(Millis{1});
        leaver.reset();
        ASSERT_TRUE(run_until([&] { return stayer.got.has_value(); })) << turns;
        EXPECT_EQ(stayer.code(), 450);
    }
}

TEST_F(RelayVerify, KeepsAConnectionWhoseClientLeft) {
    start_and_reach();
    auto leaver = std::make_unique<Ask>(1, "known@example.net");
    EXPECT_FALSE(relay->verify(*leaver).has_value());
    ASSERT_TRUE(run_until([&] { return mta.count("XCLIENT") == 1; }));
    leaver.reset();
    ASSERT_TRUE(run_until([&] { return relay->counts().cached == 1; }));
    EXPECT_EQ(ask(2, "known@example.net").by, "cache");
    EXPECT_EQ(mta.accepted, 1U);
}

TEST_F(RelayVerify, LetsTheCalledAskAgainAndDestroyOthers) {
    start_and_reach();
    Ask first(1, "unknown@example.net");
    auto second = std::make_unique<Ask>(2, "unknown@example.net");
    Ask third(3, "other@example.net");
    first.then = [&] {
        second.reset();
        EXPECT_FALSE(relay->verify(third).has_value());
    };
    EXPECT_FALSE(relay->verify(first).has_value());
    EXPECT_FALSE(relay->verify(*second).has_value());
    ASSERT_TRUE(run_until([&] { return third.code() == 250; }));
    EXPECT_EQ(first.code(), 550);
}

TEST_F(RelayVerify, ScrubsWhatTheMtaSays) {
    mta.script = always("RCPT", "450 4.3.0 mx.internal.example says be1.lan[10.0.0.1]:25 is busy");
    start_and_reach();
    EXPECT_EQ(ask(1, "x@example.net").reply.text, "4.3.0 front.example says front.example is busy");
}

TEST_F(RelayVerify, MaySpareTheMta) {
    options.verify.by = VerifyBy::off;
    start_and_reach();
    const smtp::Answer answer = ask(1, "unknown@example.net");
    EXPECT_EQ(answer.reply.code, 250);
    EXPECT_EQ(answer.by, "off");
    EXPECT_EQ(mta.count("RCPT"), 0U);
}

TEST_F(RelayVerify, AsksAboutWhoWasRefusedAtDelivery) {
    options.verify.by = VerifyBy::off;
    start_and_reach();
    Send mixed(1, {"known@example.net", "unknown@example.net", "policy@example.net"});
    EXPECT_EQ(send(mixed).reply.code, 451);
    EXPECT_EQ(ask(1, "known@example.net").by, "off");
    EXPECT_EQ(ask(1, "unknown@example.net").reply.code, 550);
    const smtp::Answer refused = ask(1, "policy@example.net");
    EXPECT_EQ(refused.reply.code, 554);
    EXPECT_EQ(refused.by, "mta");
    Send retry(1, {"known@example.net"});
    EXPECT_EQ(send(retry).reply.code, 250);
}

TEST_F(RelayVerify, AnswersAtOnceWhenNoMtaIsUp) {
    mta.go_down();
    options.upstreams = {
        {.address = net::ServerAddress::parse("127.0.0.1:1").value_or(net::ServerAddress())}};
    start();
    ASSERT_TRUE(run_until([&] { return !notices.empty(); }));
    EXPECT_EQ(notices, std::vector<std::string>{"mta_down 127.0.0.1:1"});
    const smtp::Answer answer = ask(1, "known@example.net");
    EXPECT_EQ(answer.reply.code, 451);
    EXPECT_TRUE(answer.reply.text.starts_with("4.4.1"));
    EXPECT_EQ(answer.by, "none");
    EXPECT_EQ(answer.mta, "");
}

TEST_F(RelayVerify, WaitsForAnMtaThatIsBeingRestarted) {
    options.pool.outage_wait_max = Seconds{5};
    start_and_reach();
    mta.go_down();
    Ask early(1, "known@example.net");
    EXPECT_FALSE(relay->verify(early).has_value());
    ASSERT_TRUE(run_until([&] { return !notices.empty() && notices.back().starts_with("mta_down"); }));
    run_for(Millis{300});
    EXPECT_FALSE(early.got.has_value());
    mta.come_up();
    ASSERT_TRUE(run_until([&] { return early.got.has_value(); }));
    EXPECT_EQ(early.code(), 250);
}

TEST_F(RelayVerify, WaitsOnlySoLongForTheFirstAndNotAtAllAfterThat) {
    options.pool.outage_wait_max = Seconds{1};
    mta.go_down();
    options.upstreams = {
        {.address = net::ServerAddress::parse("127.0.0.1:1").value_or(net::ServerAddress())}};
    start();
    const Instant began = loop.now();
    EXPECT_EQ(ask(1, "known@example.net").reply.code, 451);
    EXPECT_GE(loop.now() - began, Millis{990});
    EXPECT_LE(loop.now() - began, Millis{2000});
    const Instant again = loop.now();
    EXPECT_EQ(ask(2, "known@example.net").reply.code, 451);
    EXPECT_LE(loop.now() - again, Millis{200});
}

TEST_F(RelayVerify, NeedsAnMtaThatTakesTheParameters) {
    mta.ehlo = "250-mx.internal.example\r\n250-XCLIENT NAME ADDR\r\n250 PIPELINING\r\n";
    start_and_reach();
    Ask question(1, "known@example.net");
    question.transaction.sender_parameters = "SMTPUTF8";
    EXPECT_EQ(ask(question).reply.code, 451);
    EXPECT_EQ(mta.count("MAIL"), 0U);
    EXPECT_EQ(ask(1, "known@example.net").reply.code, 250);
}

struct TroubleCase {
    const char* name;
    const char* verb;
    std::string_view reply;
    bool fresh;  // true: on a connection that was just opened
    int code;
    bool answered_by_second;  // a connection opened for a second try answers
};

class RelayVerifyTrouble : public RelayTest, public testing::WithParamInterface<TroubleCase> {};

TEST_P(RelayVerifyTrouble, EndsWithAnAnswer) {
    const TroubleCase& trouble = GetParam();
    if (trouble.fresh) {
        start();
        mta.script = at(trouble.verb, trouble.reply);
    } else {
        start_and_reach();
        EXPECT_EQ(ask(9, "warm@example.net").reply.code, 250);
        run_for(Millis{20});
        mta.script = at(trouble.verb, trouble.reply);
    }
    Ask question(1, "known@example.net");
    const Instant asked = loop.now();
    EXPECT_EQ(ask(question).reply.code, trouble.code);
    EXPECT_LT(loop.now() - asked, Seconds{3});
    EXPECT_EQ(mta.accepted, trouble.answered_by_second ? 2U : 1U);
    mta.script = nullptr;
    if (trouble.reply == ScriptedMta::hang) return;  // the MTA is not tried for a while
    // Nothing of it affects the next client.
    EXPECT_EQ(ask(2, "other@example.net").reply.code, 250);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RelayVerifyTrouble,
    testing::Values(TroubleCase{"DiesAtXclient", "XCLIENT", ScriptedMta::die, false, 250, true},
                    TroubleCase{"DiesAtEhlo", "EHLO", ScriptedMta::die, false, 250, true},
                    TroubleCase{"DiesAtMail", "MAIL", ScriptedMta::die, false, 250, true},
                    TroubleCase{"DiesAtRcpt", "RCPT", ScriptedMta::die, false, 250, true},
                    TroubleCase{"DiesAtRset", "RSET", ScriptedMta::die, false, 250, true},
                    TroubleCase{"DiesAtMailFresh", "MAIL", ScriptedMta::die, true, 451, false},
                    TroubleCase{"ByeAtXclient", "XCLIENT", "421 4.3.2 bye", false, 250, true},
                    TroubleCase{"ByeAtMail", "MAIL", "421 4.3.2 bye", false, 250, true},
                    TroubleCase{"ByeAtRcpt", "RCPT", "421 4.7.0 too many errors", false, 250, true},
                    TroubleCase{"ByeAtRset", "RSET", "421 4.7.0 too many errors", false, 250, false},
                    TroubleCase{"ByeAtMailFresh", "MAIL", "421 4.3.2 bye", true, 451, false},
                    TroubleCase{"XclientRefused", "XCLIENT", "501 5.5.4 Bad", false, 250, true},
                    TroubleCase{"XclientRefusedFresh", "XCLIENT", "501 5.5.4 Bad", true, 451, false},
                    TroubleCase{"HeloRefused", "EHLO", "504 5.5.2 no such name", false, 504, false},
                    TroubleCase{"GarbageAtMail", "MAIL", "hello", false, 250, true},
                    TroubleCase{"HangsAtXclient", "XCLIENT", ScriptedMta::hang, false, 451, false},
                    TroubleCase{"HangsAtMail", "MAIL", ScriptedMta::hang, false, 451, false},
                    TroubleCase{"HangsAtRcpt", "RCPT", ScriptedMta::hang, false, 451, false}),
    [](const auto& trouble) { return trouble.param.name; });

}  // namespace
}  // namespace sluice::relay
