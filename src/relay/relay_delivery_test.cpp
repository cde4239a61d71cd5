// Deliveries to a real socket: what is sent, what the client hears, and that nothing is lost or doubled when
// the MTA fails.

#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "net/fd.hpp"
#include "relay/testing/relay_fixture.hpp"

namespace sluice::relay {
namespace {

using RelayDelivery = RelayTest;

const std::string queued = "2.0.0 Ok: queued as 4Q by front.example";

TEST_F(RelayDelivery, PassesOnTheMessageAndTheReply) {
    start_and_reach();
    Send message(1, {"a@example.net", "b@example.net"}, "Subject: x\r\n\r\n..dot\r\n");
    message.transaction.sender_parameters = "SIZE=20 BODY=8BITMIME";
    message.transaction.recipients[1].parameters = "NOTIFY=NEVER";
    const smtp::Answer answer = send(message);
    EXPECT_EQ(answer.reply, (smtp::Reply{250, queued}));
    EXPECT_EQ(answer.by, "mta");
    EXPECT_EQ(answer.mta, mta.endpoint().to_string());
    ASSERT_EQ(mta.delivered.size(), 1U);
    const ScriptedMta::Delivered& delivered = mta.delivered[0];
    EXPECT_EQ(delivered.address, "192.0.2.1");
    EXPECT_EQ(delivered.helo, "client1.example");
    EXPECT_EQ(delivered.sender, "<s@example.org> SIZE=20 BODY=8BITMIME");
    EXPECT_THAT(delivered.recipients,
                testing::ElementsAre("<a@example.net>", "<b@example.net> NOTIFY=NEVER"));
    EXPECT_EQ(delivered.content, "Subject: x\r\n\r\n..dot\r\n");
}

TEST_F(RelayDelivery, TakesTheNullSender) {
    start_and_reach();
    Send message(1, {"postmaster"});
    message.transaction.sender.clear();
    EXPECT_EQ(send(message).reply.code, 250);
    EXPECT_EQ(mta.delivered.at(0).sender, "<>");
    EXPECT_EQ(mta.delivered.at(0).recipients.at(0), "<postmaster>");
}

TEST_F(RelayDelivery, SendsWhatIsInAFile) {
    start_and_reach();
    char path[] = "/tmp/sluice-relay-test-XXXXXX";
    const net::Fd file(::mkstemp(path));
    ASSERT_TRUE(file);
    ::unlink(path);
    std::string tail;
    while (tail.size() < 3'000'000)
        tail += "0123456789 the quick brown fox jumps over the lazy dog\r\n";
    ASSERT_EQ(::write(file.get(), tail.data(), tail.size()), static_cast<ssize_t>(tail.size()));
    Send message(1, {"a@example.net"}, "Subject: long\r\n\r\n");
    message.message.fd = file.get();
    message.message.file_octets = tail.size();
    EXPECT_EQ(send(message).reply.code, 250);
    ASSERT_EQ(mta.delivered.size(), 1U);
    EXPECT_EQ(mta.delivered[0].content, "Subject: long\r\n\r\n" + tail);
}

TEST_F(RelayDelivery, SendsWhatIsInChunksAndThenInAFile) {
    start_and_reach();
    const std::string part = "0123456789 the quick brown fox jumps over the lazy dog\r\n";
    for (const std::size_t count : {std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{500}}) {
        for (const bool with_file : {false, true}) {
            std::string chunk;
            while (chunk.size() < 10'000)
                chunk += std::to_string(count) + " " + part;
            const std::vector<std::string_view> chunks(count, chunk);
            char path[] = "/tmp/sluice-relay-test-XXXXXX";
            const net::Fd file(::mkstemp(path));
            ASSERT_TRUE(file);
            ::unlink(path);
            ASSERT_EQ(::write(file.get(), part.data(), part.size()), static_cast<ssize_t>(part.size()));
            Send message(1, {"a@example.net"}, "Subject: long\r\n\r\n");
            message.message.chunks = chunks;
            std::string expected = message.octets;
            for (const std::string_view one : chunks)
                expected += one;
            if (with_file) {
                message.message.fd = file.get();
                message.message.file_octets = part.size();
                expected += part;
            }
            EXPECT_EQ(send(message).reply.code, 250);
            EXPECT_TRUE(mta.delivered.back().content == expected) << count;
        }
    }
}

TEST_F(RelayDelivery, DeliversNothingOfAFileCutShort) {
    start_and_reach();
    char path[] = "/tmp/sluice-relay-test-XXXXXX";
    const net::Fd file(::mkstemp(path));
    ASSERT_TRUE(file);
    ::unlink(path);
    ASSERT_EQ(::write(file.get(), "abc\r\n", 5), 5);
    Send message(1, {"a@example.net"}, "Subject: short\r\n\r\n");
    message.message.fd = file.get();
    message.message.file_octets = 1000;
    EXPECT_EQ(send(message).reply.code, 451);
    run_for(Millis{20});
    EXPECT_EQ(mta.delivered.size(), 0U);
}

TEST_F(RelayDelivery, NamesTheClientInAHeaderWhereTheMtaCannotBeTold) {
    options.upstreams = {upstream(mta)};
    options.upstreams[0].identity = IdentityBy::none;
    start_and_reach();
    Send message(1, {"a@example.net"});
    EXPECT_EQ(send(message).reply.code, 250);
    EXPECT_EQ(mta.delivered.at(0).helo, "front.example");
    EXPECT_TRUE(mta.delivered.at(0).content.starts_with(
        "Received: from client1.example ([192.0.2.1])\r\n\tby front.example with ESMTP; "))
        << mta.delivered.at(0).content;
    EXPECT_TRUE(mta.delivered.at(0).content.ends_with("+0000\r\n" + message.octets));
    EXPECT_THAT(notices, testing::Contains(testing::StartsWith("identity_none")));
}

TEST_F(RelayDelivery, RefusesAllWhenOneOfThemIsRefused) {
    start_and_reach();
    EXPECT_EQ(ask(1, "unknown@example.net").reply.code, 550);
    Send message(1, {"a@example.net", "unknown2@example.net"});
    EXPECT_EQ(send(message).reply.code, 451);
    EXPECT_EQ(mta.delivered.size(), 0U);
    // The refusal is remembered, so that the next attempt goes without that recipient.
    EXPECT_EQ(ask(1, "unknown2@example.net").by, "cache");
    Send again(1, {"a@example.net"});
    EXPECT_EQ(send(again).reply.code, 250);
    EXPECT_EQ(mta.delivered.size(), 1U);
    EXPECT_EQ(mta.accepted, 2U);  // a dot on the first connection would have delivered an empty message
}

TEST_F(RelayDelivery, ForgetsAPromiseThatWasNotKept) {
    start_and_reach();
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
    mta.script = at("RCPT", "450 4.2.1 mailbox busy");
    Send message(1, {"a@example.net"});
    EXPECT_EQ(send(message).reply.code, 451);
    EXPECT_EQ(ask(1, "a@example.net").by, "mta");
}

TEST_F(RelayDelivery, PassesOnTheRefusalOfAll) {
    start_and_reach();
    Send message(1, {"policy@example.net", "unknown@example.net"});
    EXPECT_EQ(send(message).reply, (smtp::Reply{554, "5.7.1 Client host rejected"}));
    Send next(1, {"a@example.net"});
    EXPECT_EQ(send(next).reply.code, 250);
    EXPECT_EQ(mta.accepted, 1U);  // RSET was enough
    EXPECT_EQ(mta.count("RSET"), 1U);
}

TEST_F(RelayDelivery, GoesOnePerReplyWithoutPipelining) {
    mta.ehlo = "250-mx.internal.example\r\n250 XCLIENT NAME ADDR\r\n";
    start_and_reach();
    Send message(1, {"a@example.net", "b@example.net"});
    EXPECT_EQ(send(message).reply.code, 250);
    EXPECT_EQ(mta.delivered.at(0).recipients.size(), 2U);
    Send refused(1, {"a@example.net", "unknown@example.net"});
    EXPECT_EQ(send(refused).reply.code, 451);
    EXPECT_EQ(mta.count("DATA"), 1U);
    EXPECT_EQ(mta.accepted, 1U);
}

TEST_F(RelayDelivery, WithdrawnBeforeTheDotDeliversNothing) {
    start_and_reach();
    for (const char* verb : {"XCLIENT", "EHLO", "MAIL", "RCPT", "DATA"}) {
        mta.script = at(verb, ScriptedMta::hang);
        auto message = std::make_unique<Send>(1, std::vector<std::string>{"a@example.net"});
        relay->deliver(*message);
        run_for(Millis{30});
        message.reset();
        mta.script = nullptr;
        Send next(2, {"a@example.net"});
        EXPECT_EQ(send(next).reply.code, 250) << verb;
    }
    EXPECT_EQ(mta.delivered.size(), 5U);
    for (const auto& delivered : mta.delivered)
        EXPECT_EQ(delivered.address, "192.0.2.2");
}

TEST_F(RelayDelivery, WithdrawnBeforeItsTurnIsForgotten) {
    start_and_reach();
    {
        Send message(1, {"a@example.net"});
        relay->deliver(message);
    }
    run_for(Millis{30});
    EXPECT_EQ(mta.count("MAIL"), 0U);
}

TEST_F(RelayDelivery, WithdrawnAfterTheDotKeepsTheConnectionTillTheReply) {
    start_and_reach();
    Send* leaver = new Send(1, {"a@example.net"});
    mta.script = [&](const ScriptedMta::Moment& moment) -> std::optional<std::string> {
        if (moment.verb == "dot") delete std::exchange(leaver, nullptr);  // the client leaves just now
        return std::nullopt;
    };
    relay->deliver(*leaver);
    ASSERT_TRUE(run_until([&] { return mta.delivered.size() == 1; }));
    mta.script = nullptr;
    Send next(2, {"a@example.net"});
    EXPECT_EQ(send(next).reply.code, 250);
    EXPECT_EQ(mta.accepted, 1U);
}

TEST_F(RelayDelivery, MayBeAbandonedWithTheRelay) {
    start_and_reach();
    mta.script = always("MAIL", ScriptedMta::hang);
    Send message(1, {"a@example.net"});
    Ask question(1, "a@example.net");
    relay->deliver(message);
    EXPECT_FALSE(relay->verify(question).has_value());
    run_for(Millis{30});
    relay.reset();
    EXPECT_FALSE(message.pending());
    EXPECT_FALSE(question.pending());
}

struct TroubleCase {
    const char* name;
    const char* verb;
    std::string_view reply;
    bool fresh;  // true: on a connection that was just opened
    int code;
    unsigned accepted;   // connections
    unsigned delivered;  // messages
};

class RelayDeliveryTrouble : public RelayTest, public testing::WithParamInterface<TroubleCase> {};

TEST_P(RelayDeliveryTrouble, LosesAndDoublesNothing) {
    const TroubleCase& trouble = GetParam();
    if (trouble.fresh) {
        start();
    } else {
        start_and_reach();
        EXPECT_EQ(ask(9, "warm@example.net").reply.code, 250);
        run_for(Millis{20});
    }
    mta.script = at(trouble.verb, trouble.reply);
    Send message(1, {"a@example.net"}, "Subject: x\r\n\r\n" + std::string(100'000, 'x') + "\r\n");
    const Instant sent = loop.now();
    const smtp::Answer answer = send(message);
    EXPECT_EQ(answer.reply.code, trouble.code) << answer.reply.text;
    EXPECT_LT(loop.now() - sent, Seconds{3});
    EXPECT_EQ(mta.accepted, trouble.accepted);
    EXPECT_EQ(mta.delivered.size(), trouble.delivered);
    if (answer.reply.positive()) {
        EXPECT_EQ(mta.delivered.size(), 1U);
    }
    mta.script = nullptr;
    if (trouble.reply == ScriptedMta::hang) return;  // the MTA is not tried for a while
    Send next(2, {"a@example.net"});
    EXPECT_EQ(send(next).reply.code, 250);
    EXPECT_EQ(mta.delivered.back().address, "192.0.2.2");
}

constexpr std::string_view dies = ScriptedMta::die;
constexpr std::string_view hangs = ScriptedMta::hang;
constexpr std::string_view bye = "421 4.3.2 bye";

INSTANTIATE_TEST_SUITE_P(
    Table, RelayDeliveryTrouble,
    testing::Values(TroubleCase{"DiesAtXclient", "XCLIENT", dies, false, 250, 2, 1},
                    TroubleCase{"DiesAtMail", "MAIL", dies, false, 250, 2, 1},
                    TroubleCase{"DiesAtMailFresh", "MAIL", dies, true, 451, 1, 0},
                    TroubleCase{"DiesAtRcptFresh", "RCPT", dies, true, 451, 1, 0},
                    TroubleCase{"DiesAtDataFresh", "DATA", dies, true, 451, 1, 0},
                    TroubleCase{"DiesAtContent", "content", dies, false, 451, 1, 0},
                    TroubleCase{"DiesAtContentFresh", "content", dies, true, 451, 1, 0},
                    TroubleCase{"DiesAtDot", "dot", dies, false, 451, 1, 0},
                    TroubleCase{"DiesAtDotFresh", "dot", dies, true, 451, 1, 0},
                    TroubleCase{"ByeAtMail", "MAIL", bye, false, 250, 2, 1},
                    TroubleCase{"ByeAtMailFresh", "MAIL", bye, true, 451, 1, 0},
                    TroubleCase{"ByeAtRcptFresh", "RCPT", bye, true, 451, 1, 0},
                    TroubleCase{"ByeAtDataFresh", "DATA", bye, true, 451, 1, 0},
                    TroubleCase{"ByeAtContent", "content", bye, false, 451, 1, 0},
                    TroubleCase{"ByeAtDot", "dot", bye, false, 451, 1, 0},
                    TroubleCase{"RefusedAtContent", "content", "552 5.3.4 too big", false, 552, 1, 0},
                    TroubleCase{"RefusedAtDot", "dot", "550 5.7.1 spam", false, 550, 1, 0},
                    TroubleCase{"DeferredAtDot", "dot", "451 4.3.0 queue file write error", false, 451, 1, 0},
                    TroubleCase{"NonsenseAtDot", "dot", "354 go on", false, 451, 1, 0},
                    TroubleCase{"RefusedAtMail", "MAIL", "552 5.3.4 too big", false, 552, 1, 0},
                    TroubleCase{"RefusedAtData", "DATA", "451 4.5.0 later", false, 451, 1, 0},
                    TroubleCase{"NestedAtMail", "MAIL", "503 5.5.1 nested", false, 250, 2, 1},
                    TroubleCase{"NestedAtMailFresh", "MAIL", "503 5.5.1 nested", true, 250, 2, 1},
                    TroubleCase{"ClientRefused", "XCLIENT", "554 5.7.1 not you", false, 554, 1, 0},
                    TroubleCase{"ClientDeferred", "XCLIENT", "450 4.7.25 no name", false, 450, 1, 0},
                    TroubleCase{"ByeInPlaceOfTheGreeting", "XCLIENT", bye, true, 451, 1, 0},
                    TroubleCase{"XclientRefused", "XCLIENT", "550 5.7.0 no", false, 250, 2, 1},
                    TroubleCase{"XclientRefusedFresh", "XCLIENT", "550 5.7.0 no", true, 451, 1, 0},
                    TroubleCase{"HangsAtXclient", "XCLIENT", hangs, false, 451, 1, 0},
                    TroubleCase{"HangsAtMail", "MAIL", hangs, false, 451, 1, 0},
                    TroubleCase{"HangsAtData", "DATA", hangs, false, 451, 1, 0},
                    TroubleCase{"HangsAtContent", "content", hangs, false, 451, 1, 0},
                    TroubleCase{"HangsAtDot", "dot", hangs, false, 451, 1, 0}),
    [](const auto& trouble) { return trouble.param.name; });

/// Our own sentence goes to the client, the MTA's words go to the log.
TEST_F(RelayDelivery, KeepsTheMtasWordsForTheLog) {
    struct Row {
        std::string verb;
        std::string said;
        std::string reply;  // the beginning of the reply
        std::string words;
    };
    const Row rows[] = {
        {"MAIL", "503 5.5.1 nested", "4.3.0 ", "503 5.5.1 nested (in reply to MAIL FROM)"},
        {"MAIL", "354 what", "4.4.2 ", "354 what (in reply to MAIL FROM)"},
        {"RCPT", "hello", "4.4.2 ", "hello (in reply to RCPT TO)"},
        {"RCPT", "450 4.2.0 later", "4.3.0 ", "450 4.2.0 later (in reply to RCPT TO:<a@example.net>)"},
        {"RCPT", "552 5.5.3 enough", "4.5.3 ", "552 5.5.3 enough (in reply to RCPT TO:<a@example.net>)"},
        {"DATA", "250 sure", "4.4.2 ", "250 sure (in reply to DATA)"},
        {"dot", "354 what", "4.4.2 ", "354 what (in reply to the message)"},
        {"XCLIENT", "501 5.5.4 Bad", "4.3.0 ", "501 5.5.4 Bad (in reply to XCLIENT)"},
        {"connect", "554 5.3.2 closed", "4.4.1 ", ": 554 5.3.2 closed (in reply to the connection)"},
        {"EHLO", "421 4.3.2 full", "4.4.1 ", ": 421 4.3.2 full (in reply to EHLO)"},
    };
    for (const Row& row : rows) {
        relay.reset();
        loop.turn(Millis{0});
        mta.script = always(row.verb, row.said);
        start();
        Send message(1, {"a@example.net"});
        const smtp::Answer answer = send(message);
        EXPECT_EQ(answer.reply.code, 451) << row.words;
        EXPECT_TRUE(answer.reply.text.starts_with(row.reply)) << answer.reply.text;
        EXPECT_TRUE(answer.mta_reply.ends_with(row.words)) << answer.mta_reply;
    }
}

TEST_F(RelayDelivery, LearnsHowManyRecipientsTheMtaTakes) {
    const auto many = [taken = 0U](const ScriptedMta::Moment& moment) mutable -> std::optional<std::string> {
        if (moment.verb == "MAIL") taken = 0;
        if (moment.verb != "RCPT" || ++taken <= 2) return std::nullopt;
        return "452 4.5.3 Error: too many recipients";
    };
    mta.script = many;
    start_and_reach();
    Send message(1, {"a@example.net", "b@example.net", "c@example.net"});
    const smtp::Answer answer = send(message);
    EXPECT_EQ(answer.reply.code, 451);
    EXPECT_EQ(answer.mta_reply, "452 4.5.3 Error: too many recipients (in reply to RCPT TO:<c@example.net>)");
    EXPECT_EQ(relay->recipients_max(client_at(1).address), 2U);
    EXPECT_EQ(relay->recipients_max(*IpAddress::parse("198.51.100.1")), SIZE_MAX);
    EXPECT_THAT(notices, testing::Contains(testing::StartsWith("recipient_limit_learned")));
    Send first(1, {"a@example.net", "b@example.net"});
    EXPECT_EQ(send(first).reply.code, 250);
    EXPECT_EQ(ask(1, "c@example.net").reply.code, 250);
}

TEST_F(RelayDelivery, SaysThatAnUnknownOutcomeIsUnknown) {
    start_and_reach();
    mta.script = at("dot", ScriptedMta::die);
    Send message(1, {"a@example.net"});
    const smtp::Answer answer = send(message);
    EXPECT_EQ(answer.reply.code, 451);
    EXPECT_TRUE(answer.reply.text.starts_with("4.4.2 ")) << answer.reply.text;
}

TEST_F(RelayDelivery, HangsNoLongerThanTheContentTimeout) {
    // The message is larger than the socket buffers hold, and the MTA reads nothing.
    start_and_reach();
    mta.script = at("content", ScriptedMta::hang);
    std::string content;
    content.resize(30'000'000, 'x');
    Send message(1, {"a@example.net"}, content + "\r\n");
    EXPECT_EQ(send(message).reply.code, 451);
    EXPECT_EQ(mta.delivered.size(), 0U);
}

TEST_F(RelayDelivery, KnowsWhetherTheDotHasBeenPassedOn) {
    start_and_reach();
    for (const char* const stage : {"MAIL", "DATA", "dot"}) {
        const bool dot = stage == std::string("dot");
        mta.script = always(stage, ScriptedMta::hang);
        Send message(1, {"a@example.net"});
        relay->deliver(message);
        EXPECT_FALSE(relay->passed_on(message));
        ASSERT_TRUE(run_until([&] { return dot ? relay->passed_on(message) : mta.count(stage) != 0; }));
        run_for(Millis{20});
        EXPECT_EQ(relay->passed_on(message), dot) << stage;
        mta.seen.clear();
    }
}

}  // namespace
}  // namespace sluice::relay
