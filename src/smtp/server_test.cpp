// Every verb, in every state that matters to it.
#include "smtp/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <tuple>
#include <vector>

#include "smtp/testing/server_script.hpp"

namespace sluice::smtp {
namespace {

using script::Answers;
using script::play;
using script::Play;
using script::Script;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const ServerOptions options{.hostname = "mx.example.org"};
const Offer offer = Offer::everything();

constexpr std::string_view ehlo = "EHLO client.example\r\n";
constexpr std::string_view to_mail = "EHLO client.example\r\nMAIL FROM:<s@example.org>\r\n";
constexpr std::string_view to_rcpt =
    "EHLO client.example\r\nMAIL FROM:<s@example.org>\r\nRCPT TO:<r@example.net>\r\n";

/// The last reply to `input`, as sent.
std::string last_reply(std::string_view input, const ServerOptions& with = options) {
    const Play played = play(with, offer, input);
    const std::size_t before = played.replies.rfind("\r\n", played.replies.size() - 3);
    return played.replies.substr(before == std::string::npos ? 0 : before + 2);
}

struct VerbCase {
    std::string_view before;
    std::string_view command;  // without CRLF
    std::string_view reply;    // its beginning
};

TEST(Server, AnswersEveryVerbInEveryState) {
    const VerbCase cases[] = {
        // before HELO: no extension was offered, so there are no enhanced codes (RFC 2034 4)
        {"", "MAIL FROM:<s@example.org>", "503 Error: send HELO"},
        {"", "RCPT TO:<r@example.net>", "503 Error: send HELO"},
        {"", "DATA", "503 Error: send HELO"},
        {"", "BDAT 0", "503 Error: send HELO"},
        {"", "RSET", "250 Ok"},
        {"", "NOOP", "250 Ok"},
        {"", "VRFY postmaster", "252 Cannot verify"},
        {"", "HELP", "214 See"},
        {"", "QUIT", "221 Bye"},
        {"", "EXPN all", "502 Error: command not implemented"},
        {"", "STARTTLS", "502 Error"},
        {"", "XCLIENT NAME=x", "500 Error: command not recognized"},
        {"", "", "500 Error: command not recognized"},
        {"", "HELO", "501 Syntax: HELO"},
        {"", "EHLO", "501 Syntax: HELO"},
        {"", "EHLO\t", "501 Syntax: HELO"},
        {"", "HELO\tc.example", "250 mx.example.org"},
        {"", "HELO j\xc3\xbcrgen.example", "250 mx.example.org"},
        {"", "HELO j\xfcrgen.example", "500 Error: control or 8-bit"},
        {"", "HELO c\x01.example", "500 Error: control or 8-bit"},
        // after EHLO
        {ehlo, "NOOP", "250 2.0.0 Ok"},
        {ehlo, "NOOP with an argument", "250 2.0.0 Ok"},
        {ehlo, "nOoP", "250 2.0.0 Ok"},
        {ehlo, "NOOP  ", "250 2.0.0 Ok"},
        {ehlo, "RSET\t", "250 2.0.0 Ok"},
        {ehlo, "RSET x", "501 5.5.4"},
        {ehlo, "QUIT x", "501 5.5.4"},
        {ehlo, "HELP MAIL", "214 2.0.0"},
        {ehlo, "VRFY", "501 5.5.4"},
        {ehlo, "VRFY postmaster", "252 2.0.0"},
        {ehlo, "EXPN all", "502 5.5.1"},
        {ehlo, "STARTTLS", "502 5.5.1"},
        {ehlo, "AUTH PLAIN", "502 5.5.1"},
        {ehlo, "XCLIENT NAME=x", "500 5.5.2"},
        {ehlo, "FOO", "500 5.5.2"},
        {ehlo, "MAILFROM:<s@example.org>", "500 5.5.2"},
        {ehlo, " NOOP", "500 5.5.2"},
        {ehlo, "RCPT TO:<r@example.net>", "503 5.5.1 Error: need MAIL"},
        {ehlo, "DATA", "503 5.5.1 Error: need MAIL"},
        {ehlo, "BDAT 0 LAST", "503 5.5.1 Error: need MAIL"},
        {ehlo, "MAIL FROM:<s@example.org>", "250 2.1.0"},
        {ehlo, "mail from: s@example.org", "250 2.1.0"},
        {ehlo, "MAIL FROM:<>", "250 2.1.0"},
        {ehlo, "MAIL", "501 5.5.4 Syntax: MAIL"},
        {ehlo, "MAIL FROM:", "501 5.5.4 Syntax: MAIL"},
        {ehlo, "MAIL TO:<s@example.org>", "501 5.5.4 Syntax: MAIL"},
        {ehlo, "MAIL FROM <s@example.org>", "501 5.5.4 Syntax: MAIL"},
        {ehlo, "MAIL FROM:<s>", "501 5.1.7"},
        {ehlo, "MAIL FROM:<s@example.org> SIZE=52428800", "250 2.1.0"},
        {ehlo, "MAIL FROM:<s@example.org> SIZE=52428801", "552 5.3.4"},
        {ehlo, "MAIL FROM:<s@example.org> SIZE=x", "501 5.5.4"},
        {ehlo, "MAIL FROM:<s@example.org> SIZE=1 SIZE=1", "501 5.5.4 Repeated"},
        {ehlo, "MAIL FROM:<s@example.org> AUTH=<>", "250 2.1.0"},
        {"HELO c\r\n", "MAIL FROM:<s@example.org> BODY=8BITMIME SIZE=1 AUTH=<>", "250 Ok"},
        {"HELO c\r\n", "MAIL FROM:<s@example.org> SIZE=52428801", "552 Message size"},
        {"HELO c\r\n", "MAIL FROM:<s@example.org> SMTPUTF8", "555 Unsupported"},
        {ehlo, "MAIL\tFROM:\t<s@example.org>\tSIZE=1\t", "250 2.1.0"},
        {ehlo, "MAIL FROM:<s\t@example.org>", "501 5.1.7"},
        {ehlo, "MAIL FROM:\v<s@example.org>", "500 5.5.2"},
        {ehlo, "MAIL FROM:<s@example.org.>", "250 2.1.0"},
        {ehlo, "BDAT\t0\tLAST", "503 5.5.1 Error: need MAIL"},
        {ehlo, "VRFY\tx", "252 2.0.0"},
        {ehlo, "MAIL FROM:<\xc3\xbc@example.org>", "553 5.6.7"},
        {ehlo, "MAIL FROM:<\xc3\xbc@example.org> SMTPUTF8", "250 2.1.0"},
        {ehlo, "MAIL FROM:<\xfc@example.org> SMTPUTF8", "500 5.5.2"},
        {ehlo, "NOOP \xc3\xbc", "500 5.5.2"},
        // within a transaction
        {to_mail, "MAIL FROM:<t@example.org>", "503 5.5.1 Error: nested"},
        {to_mail, "DATA", "554 5.5.1"},
        {to_mail, "BDAT 0", "554 5.5.1"},
        {to_mail, "RCPT TO:<r@example.net>", "250 2.1.5"},
        {to_mail, "RCPT TO:<postmaster>", "250 2.1.5"},
        {to_mail, "RCPT TO:<unknown@example.net>", "550 5.1.1"},
        {to_mail, "RCPT TO:<>", "501 5.1.3"},
        {to_mail, "RCPT TO:<r>", "501 5.1.3"},
        {to_mail, "RCPT TO", "501 5.5.4 Syntax: RCPT"},
        {to_mail, "RCPT FROM:<r@example.net>", "501 5.5.4 Syntax: RCPT"},
        {to_mail, "RCPT TO:<r@example.net> NOTIFY=NEVER", "250 2.1.5"},
        {to_mail, "RCPT TO:<r@example.net> NOTIFY=x", "501 5.5.4"},
        {to_mail, "RCPT TO:<r@example.net> SIZE=1", "555 5.5.4"},
        {to_mail, "RCPT TO:<\xc3\xbc@example.net>", "553 5.6.7"},
        {to_mail, "NOOP", "250 2.0.0"},
        {to_mail, "VRFY x", "252 2.0.0"},
        {to_rcpt, "DATA", "354 End data"},
        {to_rcpt, "DATA now", "501 5.5.4"},
        {to_rcpt, "RSET", "250 2.0.0"},
        {to_rcpt, "RSET\r\nDATA", "503 5.5.1 Error: need MAIL"},
        {to_rcpt, "EHLO again.example\r\nDATA", "503 5.5.1 Error: need MAIL"},
    };
    for (const VerbCase& c : cases) {
        const std::string input = std::string(c.before) + std::string(c.command) + "\r\n";
        EXPECT_EQ(last_reply(input).substr(0, c.reply.size()), c.reply) << c.before << c.command;
    }
}

TEST(Server, CarriesAMessage) {
    const Play played = play(options, offer,
                             "EHLO client.example\r\n"
                             "MAIL FROM:<s@example.org> SIZE=10 BODY=8BITMIME\r\n"
                             "RCPT TO:<r@example.net> NOTIFY=NEVER\r\n"
                             "RCPT TO:<unknown@example.net>\r\n"
                             "RCPT TO:<q@example.net>\r\n"
                             "DATA\r\n"
                             "Subject: x\r\n\r\n..dot\r\n.\r\n"
                             "QUIT\r\n"
                             "never read");
    EXPECT_THAT(played.log,
                ElementsAre("220 mx.example.org ESMTP\r\n", "ehlo client.example",
                            "250-mx.example.org\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n"
                            "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n"
                            "250-SMTPUTF8\r\n250 CHUNKING\r\n",
                            "mail s@example.org|SIZE=10 BODY=8BITMIME", "250 2.1.0 Ok\r\n",
                            "rcpt r@example.net|NOTIFY=NEVER", "250 2.1.5 Ok\r\n",
                            "rcpt unknown@example.net|", "550 5.1.1 User unknown\r\n", "rcpt q@example.net|",
                            "250 2.1.5 Ok\r\n", "data 2", "354 End data with <CR><LF>.<CR><LF>\r\n",
                            "message s@example.org|SIZE=10 BODY=8BITMIME to 2: "
                            "Subject: x\r\n\r\n..dot\r\n",
                            "250 2.0.0 Queued\r\n", "221 2.0.0 Bye\r\n", "close"));
    EXPECT_EQ(played.unread, "never read");
}

TEST(Server, OffersNoExtensionAfterHeloAndTakesNoneThatAsks) {
    const Play played =
        play(options, offer,
             "HELO client.example\r\nMAIL FROM:<s@example.org> RET=FULL\r\n"
             "MAIL FROM:<s@example.org>\r\nRCPT TO:<unknown@example.net>\r\nBDAT 4\r\nNOOPNOOP\r\n");
    EXPECT_THAT(played.log,
                ElementsAre("220 mx.example.org ESMTP\r\n", "helo client.example", "250 mx.example.org\r\n",
                            "555 Unsupported parameter\r\n", "mail s@example.org|", "250 Ok\r\n",
                            "rcpt unknown@example.net|", "550 User unknown\r\n",
                            "502 Error: command not implemented\r\n", "250 Ok\r\n"));
}

TEST(Server, OffersTheSmallerSizeAndOnlyWhatItWasGiven) {
    const Offer small =
        Offer().add(Extension::size).add(Extension::starttls).add(Extension::xclient).set_size_max(1000);
    EXPECT_THAT(play(options, small, ehlo).replies, HasSubstr("250-mx.example.org\r\n250 SIZE 1000\r\n"));
    EXPECT_THAT(play(options, small, "EHLO x\r\nMAIL FROM:<> SIZE=1001\r\n").codes,
                ElementsAre(220, 250, 552));
    EXPECT_THAT(play(options, Offer(), ehlo).replies, HasSubstr("250 mx.example.org\r\n"));
}

const ServerOptions with_tls{.hostname = "mx.example.org", .starttls = true};

TEST(StartTls, ForgetsWhatWasSaidAndDropsWhatFollowed) {
    Script script(with_tls, offer);
    script.feed("EHLO client.example\r\nSTARTTLS\r\nMAIL FROM:<injected@example.org>\r\n");
    EXPECT_THAT(script.play().replies, HasSubstr("STARTTLS\r\n"));
    EXPECT_EQ(script.play().log.back(), "tls");
    EXPECT_TRUE(script.server().secure());
    EXPECT_EQ(script.server().helo(), "");
    script.feed("MAIL FROM:<s@example.org>\r\n");
    EXPECT_EQ(script.play().log.back(), "503 Error: send HELO or EHLO first\r\n");
    script.feed(ehlo);
    EXPECT_THAT(script.play().log.back(), Not(HasSubstr("STARTTLS")));
    EXPECT_THAT(script.play().log.back(), HasSubstr("PIPELINING"));
    script.feed("STARTTLS\r\n");
    EXPECT_EQ(script.play().log.back(), "503 5.5.1 Error: TLS is active already\r\n");
}

TEST(StartTls, IsRefusedWhereItHasNoPlace) {
    const std::tuple<std::string_view, std::string_view> cases[] = {
        {"STARTTLS\r\n", "503 Error: send EHLO first\r\n"},
        {"HELO client.example\r\nSTARTTLS\r\n", "503 Error: send EHLO first\r\n"},
        {"EHLO client.example\r\nSTARTTLS now\r\n", "501 5.5.4"},
        {"EHLO client.example\r\nMAIL FROM:<s@example.org>\r\nSTARTTLS\r\n",
         "503 5.5.1 Error: mail transaction in progress\r\n"},
    };
    for (const auto& [said, reply] : cases) {
        const Play played = play(with_tls, offer, said);
        EXPECT_THAT(played.log.back(), StartsWith(reply)) << said;
        EXPECT_FALSE(played.closed);
    }
}

TEST(StartTls, MayBeRefusedForTheMoment) {
    Answers answers;
    answers.starttls = {454, "4.7.0 TLS not available now"};
    Script script(with_tls, offer, answers);
    script.feed("EHLO client.example\r\nSTARTTLS\r\nMAIL FROM:<s@example.org>\r\n");
    EXPECT_THAT(script.play().log,
                testing::IsSupersetOf({"454 4.7.0 TLS not available now\r\n", "mail s@example.org|"}));
    EXPECT_FALSE(script.server().secure());
}

TEST(Server, EndsATransactionBeforeItSaysSo) {
    const std::pair<std::string_view, std::vector<std::string>> cases[] = {
        {"RSET\r\n", {"ended rset", "250 2.0.0 Ok\r\n"}},
        {"QUIT\r\n", {"ended quit", "221 2.0.0 Bye\r\n", "close"}},
        {"HELO x\r\n", {"helo x", "ended helo", "250 mx.example.org\r\n"}},
        {"GET / HTTP/1.1\r\n", {"ended quit", "554 5.5.0 Error: SMTP is spoken here\r\n", "close"}},
    };
    for (const auto& [command, expected] : cases) {
        const Play played = play(options, offer, std::string(to_rcpt) + std::string(command));
        const std::vector<std::string> tail(played.log.end() - static_cast<std::ptrdiff_t>(expected.size()),
                                            played.log.end());
        EXPECT_EQ(tail, expected) << command;
    }
}

TEST(Server, KeepsTheEnvelopeUntilItsEndIsTold) {
    const HelloPtr hello = Hello::make(options, offer);
    Server server(options);
    std::string_view input = "EHLO x\r\nMAIL FROM:<s@example.org>\r\nRSET\r\n";
    EXPECT_EQ(server.next(input, *hello), Step::ask_helo);
    server.answer({250, ""});
    EXPECT_EQ(server.next(input, *hello), Step::reply);
    EXPECT_FALSE(server.in_transaction());
    EXPECT_EQ(server.next(input, *hello), Step::ask_mail);
    EXPECT_TRUE(server.in_transaction());
    server.answer({250, "2.1.0 Ok"});
    EXPECT_EQ(server.next(input, *hello), Step::reply);
    EXPECT_EQ(server.next(input, *hello), Step::transaction_ended);
    EXPECT_TRUE(server.in_transaction());
    EXPECT_EQ(server.envelope().sender, "s@example.org");
    EXPECT_EQ(server.next(input, *hello), Step::reply);
    EXPECT_FALSE(server.in_transaction());
}

TEST(Server, ARefusalLeavesTheStateAsItWas) {
    Answers answers;
    answers.mail = {450, "4.7.1 Later"};
    EXPECT_THAT(play(options, offer, to_rcpt, {}, answers).log.back(),
                "503 5.5.1 Error: need MAIL command\r\n");

    answers = {};
    answers.helo = {550, "5.7.1 No"};
    EXPECT_THAT(play(options, offer, to_mail, {}, answers).codes, ElementsAre(220, 550, 503));

    answers = {};
    answers.data = {450, "4.3.0 Not now"};
    EXPECT_THAT(play(options, offer, std::string(to_rcpt) + "DATA\r\nRCPT TO:<q@example.net>\r\nDATA\r\n", {},
                     answers)
                    .codes,
                ElementsAre(220, 250, 250, 250, 450, 250, 450));

    answers = {};
    answers.message = {554, "5.6.0 No"};
    EXPECT_THAT(play(options, offer, std::string(to_rcpt) + "DATA\r\n.\r\nDATA\r\n", {}, answers).codes,
                ElementsAre(220, 250, 250, 250, 354, 554, 503));
}

TEST(Server, ASecondEhloThatIsRefusedChangesNothing) {
    const HelloPtr hello = Hello::make(options, offer);
    Server server(options);
    std::string_view input = "EHLO x\r\nMAIL FROM:<s@example.org>\r\nHELO y\r\nRCPT TO:<r@example.net>\r\n";
    EXPECT_EQ(server.next(input, *hello), Step::ask_helo);
    server.answer({250, ""});
    EXPECT_EQ(server.next(input, *hello), Step::reply);
    EXPECT_EQ(server.next(input, *hello), Step::ask_mail);
    server.answer({250, "2.1.0 Ok"});
    EXPECT_EQ(server.next(input, *hello), Step::reply);
    EXPECT_EQ(server.next(input, *hello), Step::ask_helo);
    EXPECT_FALSE(server.esmtp());
    server.answer({550, "5.7.1 No"});
    EXPECT_EQ(server.next(input, *hello), Step::reply);
    EXPECT_EQ(server.reply_wire(), "550 5.7.1 No\r\n");
    EXPECT_TRUE(server.esmtp());
    EXPECT_EQ(server.next(input, *hello), Step::ask_rcpt);
}

TEST(Server, AGreetingMayRefuseService) {
    Answers answers;
    answers.greeting = {554, "No mail service"};
    EXPECT_THAT(play(options, offer, "EHLO x\r\nBDAT 6\r\nQUIT\r\nNOOP\r\nQUIT\r\n", {}, answers).codes,
                ElementsAre(554, 503, 503, 503, 221));
    answers.greeting = {421, "Too busy"};
    const Play played = play(options, offer, ehlo, {}, answers);
    EXPECT_THAT(played.log, ElementsAre("421 Too busy\r\n", "close"));
}

TEST(Server, A421ClosesWhateverItAnswers) {
    const std::pair<std::string_view, Reply Answers::*> cases[] = {
        {"EHLO x\r\n", &Answers::helo},
        {to_mail, &Answers::mail},
        {to_rcpt, &Answers::rcpt},
        {"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<r@example.net>\r\nDATA\r\n", &Answers::data},
        {"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<r@example.net>\r\nBDAT 50\r\nx", &Answers::data},
        {"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<r@example.net>\r\nDATA\r\n.\r\n", &Answers::message},
    };
    for (const auto& [input, asked] : cases) {
        Answers answers;
        answers.*asked = {421, "4.3.2 Shutting down"};
        const Play played = play(options, offer, std::string(input) + "NOOP\r\n", {}, answers);
        ASSERT_GE(played.log.size(), 2U);
        EXPECT_EQ(played.log.back(), "close") << input;
        EXPECT_EQ(played.codes.back(), 421) << input;
    }
}

TEST(Server, CanBeTerminatedAnywhere) {
    const std::string session = std::string(to_rcpt) + "BDAT 5\r\nhellox";
    for (std::size_t size = 0; size <= session.size(); ++size) {
        script::Script script(options, offer);
        script.feed(std::string_view(session).substr(0, size));
        script.server().terminate({421, "4.3.2 Service shutting down"});
        script.feed("NOOP\r\n");
        const Play& played = script.play();
        EXPECT_EQ(played.codes.back(), 421);
        EXPECT_EQ(played.log.back(), "close");
        for (const std::string& entry : played.log)
            EXPECT_FALSE(entry.starts_with("ended")) << entry;
    }
}

TEST(Server, ObeysXclientOnlyWhereItIsAccepted) {
    ServerOptions sink = options;
    sink.accept_xclient = true;
    const Offer with_xclient = Offer::everything().add(Extension::xclient);
    const Play played =
        play(sink, with_xclient,
             "EHLO relay.example\r\n"
             "XCLIENT NAME=c.example ADDR=IPV6:2001:db8::1 PORT=99 PROTO=ESMTP HELO=he+20lo\r\n"
             "MAIL FROM:<s@example.org>\r\nEHLO c.example\r\nXCLIENT FOO=x\r\n"
             "MAIL FROM:<s@example.org>\r\nXCLIENT NAME=d.example\r\nRSET\r\n"
             "XCLIENT NAME=d.example ADDR=192.0.2.1\r\n");
    EXPECT_THAT(played.codes, ElementsAre(220, 250, 220, 503, 250, 501, 250, 503, 250, 220));
    EXPECT_THAT(played.replies, HasSubstr("250-XCLIENT NAME ADDR PORT PROTO HELO\r\n"));
    EXPECT_EQ(played.log[3], "identity 2001:db8::1 99 c.example he lo true");
    EXPECT_EQ(played.log[4], "220 mx.example.org ESMTP\r\n");
    EXPECT_EQ(played.log[5], "503 Error: send HELO or EHLO first\r\n");  // nothing is offered any more
    EXPECT_EQ(played.log[played.log.size() - 2], "identity 192.0.2.1 99 d.example  false");
}

TEST(Server, ClosesOnHttp) {
    for (const std::string_view verb :
         {"GET / HTTP/1.1", "post / HTTP/1.1", "PUT /", "HEAD /", "OPTIONS *", "CONNECT x:25"}) {
        const Play played = play(options, offer, std::string(verb) + "\r\nEHLO x\r\n");
        EXPECT_THAT(played.log, ElementsAre("220 mx.example.org ESMTP\r\n",
                                            "554 Error: SMTP is spoken here\r\n", "close"));
        EXPECT_EQ(played.unread, "EHLO x\r\n");
    }
}

TEST(Server, RefusesOctetsThatAreNoCommand) {
    using namespace std::string_view_literals;
    for (const std::string_view line :
         {"NOOP\0x"sv, "NO\rOP"sv, "NOOP \x01"sv, "NOOP\vx"sv, "NOOP\fx"sv, "NOOP \x7f"sv, "NOOP \xff"sv}) {
        EXPECT_THAT(play(options, offer, std::string(line) + "\r\nNOOP\r\n").codes,
                    ElementsAre(220, 500, 250));
    }
    const Play smuggled = play(options, offer, "EHLO x\nMAIL FROM:<s@example.org>\r\n");
    EXPECT_THAT(smuggled.codes, ElementsAre(220, 521));
    EXPECT_TRUE(smuggled.closed);
    ServerOptions lenient = options;
    lenient.bare_newlines = BareNewlines::normalise;
    EXPECT_THAT(play(lenient, offer, "NOOP\nNOOP\r\n").codes, ElementsAre(220, 250, 250));
}

TEST(Server, TakesTabsForSpacesAndPassesNoneOn) {
    const Play played = play(options, offer,
                             "EHLO\tj\xc3\xbcrgen \t example\r\n"
                             "MAIL\tFROM:\t<s@example.org.>\tSIZE=10\t RET=FULL\r\n"
                             "RCPT TO: \t<r@example.net> \tNOTIFY=NEVER\t\r\n"
                             "BDAT\t3\tLAST\r\nx\r\n"
                             "QUIT\t\r\n");
    EXPECT_THAT(played.codes, ElementsAre(220, 250, 250, 250, 250, 221));
    EXPECT_EQ(played.log.at(1), "ehlo j\xc3\xbcrgen example");
    EXPECT_EQ(played.log.at(3), "mail s@example.org|SIZE=10 RET=FULL");
    EXPECT_EQ(played.log.at(5), "rcpt r@example.net|NOTIFY=NEVER");
    // A tab may separate BDAT from its count: the chunk is a chunk, and its octets are no commands.
    EXPECT_EQ(play(options, offer, "EHLO x\r\nBDAT\t6\r\nQUIT\r\nNOOP\r\n").codes,
              (std::vector{220, 250, 503, 250}));
    ServerOptions narrow = options;
    narrow.limits.command_line_octets_max = 64;
    EXPECT_TRUE(play(narrow, offer, "BDAT\t6" + std::string(64, ' ') + "\r\n").closed);
}

TEST(Server, OnlyOursMayLeaveOutADomain) {
    const std::string_view input =
        "EHLO x\r\nMAIL FROM:<root>\r\nMAIL FROM:<>\r\nRCPT TO:<abuse>\r\nRCPT TO:<postmaster>\r\n";
    EXPECT_EQ(play(options, offer, input).codes, (std::vector{220, 250, 501, 250, 501, 250}));
    Script ours(options, offer);
    ours.server().take_local_names();
    ours.feed("EHLO x\r\nMAIL FROM:<root>\r\nRCPT TO:<abuse>\r\nRCPT TO:<postmaster>\r\n");
    EXPECT_EQ(ours.play().codes, (std::vector{220, 250, 250, 250, 250}));
    EXPECT_EQ(ours.play().log.at(3), "mail root|");
    EXPECT_EQ(ours.play().log.at(5), "rcpt abuse|");
    ServerOptions submission = options;
    submission.auth = ServerOptions::Auth::anywhere;
    Script authenticated(submission, offer, {}, "PLAIN");
    authenticated.feed("EHLO x\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<root>\r\n");
    EXPECT_EQ(authenticated.play().codes, (std::vector{220, 250, 235, 250}));
}

TEST(Server, ASessionOwnsNoMoreThanItNeeds) {
    EXPECT_LE(sizeof(Server), 200U);
    const Offer without_codes = Offer::everything().remove(Extension::enhanced_status_codes);
    EXPECT_THAT(play(options, without_codes, to_rcpt).replies, HasSubstr("\r\n250 Ok\r\n250 Ok\r\n"));
}

}  // namespace
}  // namespace sluice::smtp
