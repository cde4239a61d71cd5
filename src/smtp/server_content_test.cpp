// DATA and BDAT: what is accepted, what is refused, and where each ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "smtp/server.hpp"
#include "smtp/testing/server_script.hpp"

namespace sluice::smtp {
namespace {

using namespace std::string_view_literals;
using script::Answers;
using script::play;
using script::Play;
using ::testing::ElementsAre;

const ServerOptions options{.hostname = "mx"};
const Offer offer = Offer::everything();
constexpr std::string_view to_rcpt = "EHLO c\r\nMAIL FROM:<s@a>\r\nRCPT TO:<r@b>\r\n";

/// The log entries behind those of `to_rcpt`.
std::vector<std::string> after_rcpt(std::string_view input, const ServerOptions& with = options,
                                    const Answers& answers = {}) {
    Play played = play(with, offer, std::string(to_rcpt) + std::string(input), {}, answers);
    const std::size_t before = play(with, offer, to_rcpt, {}, answers).log.size();
    played.log.erase(played.log.begin(), played.log.begin() + static_cast<std::ptrdiff_t>(before));
    return played.log;
}

TEST(ServerBdat, CarriesAMessageInChunks) {
    EXPECT_THAT(after_rcpt("BDAT 9\r\nhello\r\n.\rBDAT 1\r\n\nBDAT 0\r\nBDAT 5 last\r\nworldQUIT\r\n"),
                ElementsAre("data 1", "250 2.0.0 Ok: chunk received\r\n", "250 2.0.0 Ok: chunk received\r\n",
                            "250 2.0.0 Ok: chunk received\r\n", "message s@a| to 1: hello\r\n..\r\nworld\r\n",
                            "250 2.0.0 Queued\r\n", "221 2.0.0 Bye\r\n", "close"));
    EXPECT_THAT(after_rcpt("BDAT 0 LAST\r\n"),
                ElementsAre("data 1", "message s@a| to 1: ", "250 2.0.0 Queued\r\n"));
}

TEST(ServerBdat, DoesNotMixWithOtherVerbs) {
    EXPECT_THAT(after_rcpt("BDAT 1\r\nxDATA\r\nRCPT TO:<q@b>\r\nMAIL FROM:<>\r\nNOOP\r\nBDAT 2 LAST\r\n\r\n"),
                ElementsAre("data 1", "250 2.0.0 Ok: chunk received\r\n",
                            "503 5.5.1 Error: message is being sent by BDAT\r\n",
                            "503 5.5.1 Error: message is being sent by BDAT\r\n",
                            "503 5.5.1 Error: nested MAIL command\r\n", "250 2.0.0 Ok\r\n",
                            "message s@a| to 1: x\r\n", "250 2.0.0 Queued\r\n"));
    EXPECT_THAT(after_rcpt("BDAT 1\r\nxRSET\r\nBDAT 4 LAST\r\nQUIT"),
                ElementsAre("data 1", "250 2.0.0 Ok: chunk received\r\n", "ended rset", "250 2.0.0 Ok\r\n",
                            "503 5.5.1 Error: need MAIL command\r\n"));
}

TEST(ServerBdat, ARefusedChunkIsNeverTakenForCommands) {
    const std::string_view chunk = "BDAT 6\r\nQUIT\r\n";
    // before HELO, before MAIL, without recipients
    EXPECT_THAT(play(options, offer, chunk).codes, ElementsAre(220, 503));
    EXPECT_THAT(play(options, offer, "EHLO c\r\n" + std::string(chunk)).codes, ElementsAre(220, 250, 503));
    EXPECT_THAT(play(options, offer, "EHLO c\r\nMAIL FROM:<>\r\n" + std::string(chunk)).codes,
                ElementsAre(220, 250, 250, 554));
    // refused by the driver, like the chunks after it
    Answers answers;
    answers.data = {451, "4.3.0 Not now"};
    EXPECT_THAT(after_rcpt("BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", options, answers),
                ElementsAre("data 1", "ended refused", "451 4.3.0 Not now\r\n",
                            "503 5.5.1 Error: need MAIL command\r\n", "250 2.0.0 Ok\r\n"));
}

TEST(ServerBdat, ClosesWhenTheLengthOfTheChunkIsNotKnown) {
    const std::string_view commands[] = {"BDAT",
                                         "BDAT x",
                                         "BDAT -1",
                                         "BDAT 1x",
                                         "BDAT 1 FIRST",
                                         "BDAT 1 LAST x",
                                         "BDAT 18446744073709551616",
                                         "BDAT 1\x01"};
    for (const std::string_view command : commands) {
        const Play played =
            play(options, offer, std::string(to_rcpt) + std::string(command) + "\r\nQUIT\r\n");
        EXPECT_EQ(played.log.back(), "close") << command;
        EXPECT_EQ(played.codes.back() / 100, 5) << command;
        EXPECT_EQ(played.unread, "QUIT\r\n") << command;
    }
    const std::string commands_within[] = {"BDAT 6\n", "BDAT 6" + std::string(3000, ' ') + "\r\n"};
    for (const std::string& command : commands_within) {
        EXPECT_EQ(after_rcpt(command + "NOOP\r\n").back(), "close") << command;
    }
}

TEST(ServerContent, IsCountedOnBothSidesOfTheLimit) {
    ServerOptions small = options;
    small.limits.message_octets_max = 10;
    EXPECT_THAT(after_rcpt("DATA\r\n..2345678\r\n.\r\n", small).back(), "250 2.0.0 Queued\r\n");
    EXPECT_THAT(after_rcpt("DATA\r\n123456789\r\n.\r\nNOOP\r\n", small),
                ElementsAre("data 1", "354 End data with <CR><LF>.<CR><LF>\r\n", "ended too_big",
                            "552 5.3.4 Message size exceeds fixed limit\r\n", "250 2.0.0 Ok\r\n"));
    EXPECT_THAT(after_rcpt("BDAT 4\r\n1234BDAT 6 LAST\r\n5678\r\n", small).back(), "250 2.0.0 Queued\r\n");
    EXPECT_THAT(after_rcpt("BDAT 4\r\n1234BDAT 7 LAST\r\nQUIT\r\nxBDAT 1\r\nxNOOP\r\n", small),
                ElementsAre("data 1", "250 2.0.0 Ok: chunk received\r\n", "ended too_big",
                            "552 5.3.4 Message size exceeds fixed limit\r\n",
                            "503 5.5.1 Error: need MAIL command\r\n", "250 2.0.0 Ok\r\n"));
    EXPECT_THAT(after_rcpt("BDAT 18446744073709551615\r\nNOOP\r\n", small), ElementsAre());
    // Normalising makes bare newlines longer, so a chunk within the limit may still not fit.
    small.bare_newlines = BareNewlines::normalise;
    EXPECT_THAT(after_rcpt("BDAT 10 LAST\r\n12345678\nxNOOP\r\n", small),
                ElementsAre("data 1", "ended too_big", "552 5.3.4 Message size exceeds fixed limit\r\n",
                            "250 2.0.0 Ok\r\n"));
}

TEST(ServerContent, CannotOverflowItsCount) {
    ServerOptions unlimited = options;
    unlimited.limits.message_octets_max = 0;
    const HelloPtr hello = Hello::make(unlimited, offer);
    Server server(unlimited);
    std::string_view input =
        "EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<r@b>\r\nBDAT 1\r\nxBDAT 18446744073709551615 LAST\r\nmore";
    unsigned contents = 0;
    for (Step step = Step::reply; step != Step::need_input;) {
        step = server.next(input, *hello);
        if (step == Step::content) ++contents;
        if (step == Step::ask_helo || step == Step::ask_mail || step == Step::ask_rcpt ||
            step == Step::ask_data) {
            server.answer({250, ""});
        }
    }
    EXPECT_EQ(contents, 1U);
    EXPECT_EQ(input, "");
}

TEST(ServerContent, HoldsNoLineOverTheLimit) {
    ServerOptions strict = options;
    strict.limits.text_line_octets_max = 10;
    EXPECT_THAT(after_rcpt("DATA\r\n12345678\r\n.\r\n", strict).back(), "250 2.0.0 Queued\r\n");
    EXPECT_THAT(after_rcpt("DATA\r\n123456789\r\n.\r\n", strict),
                ElementsAre("data 1", "354 End data with <CR><LF>.<CR><LF>\r\n", "ended refused",
                            "500 5.6.0 Message holds a line that is too long\r\n"));
}

TEST(ServerContent, WithBareNewlinesIsRefusedAtItsTrueEnd) {
    const std::string_view attacks[] = {"\n.\n",         "\n.\r\n", "\r\n.\n", "\r.\r",
                                        "\r\n.\r\r\n",   "\r.\r\n", "\r\n.\r", "\r\n\0.\r\n"sv,
                                        "\r\n.\0\r\n"sv, "\0"sv,    "\r",      "\n"};
    for (const std::string_view attack : attacks) {
        const std::string tail = std::string(attack) + "MAIL FROM:<evil@a>\r\n";
        EXPECT_THAT(
            after_rcpt("DATA\r\nx" + tail + ".\r\nNOOP\r\n"),
            ElementsAre("data 1", "354 End data with <CR><LF>.<CR><LF>\r\n", "ended bare_newline",
                        "550 5.6.0 Message holds a bare <CR>, a bare <LF> or a NUL\r\n", "250 2.0.0 Ok\r\n"))
            << ::testing::PrintToString(attack);
        EXPECT_THAT(
            after_rcpt("BDAT " + std::to_string(tail.size()) + " LAST\r\n" + tail + "NOOP\r\n"),
            ElementsAre("data 1", "ended bare_newline",
                        "550 5.6.0 Message holds a bare <CR>, a bare <LF> or a NUL\r\n", "250 2.0.0 Ok\r\n"))
            << ::testing::PrintToString(attack);
        // After normalising it is one message, and the line is part of it.
        ServerOptions lenient = options;
        lenient.bare_newlines = BareNewlines::normalise;
        const auto log = after_rcpt("DATA\r\nx" + tail + ".\r\nNOOP\r\n", lenient);
        ASSERT_EQ(log.size(), 5U) << ::testing::PrintToString(attack);
        EXPECT_TRUE(log[2].starts_with("message ") && log[2].ends_with("MAIL FROM:<evil@a>\r\n")) << log[2];
        EXPECT_EQ(log[3], "250 2.0.0 Queued\r\n");
    }
    // A BDAT that ends in a bare CR, and one that is refused before its last chunk.
    EXPECT_THAT(after_rcpt("BDAT 2 LAST\r\nx\r").back(),
                "550 5.6.0 Message holds a bare <CR>, a bare <LF> or a NUL\r\n");
    EXPECT_THAT(after_rcpt("BDAT 2\r\nx\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n"),
                ElementsAre("data 1", "ended bare_newline",
                            "550 5.6.0 Message holds a bare <CR>, a bare <LF> or a NUL\r\n",
                            "503 5.5.1 Error: need MAIL command\r\n", "250 2.0.0 Ok\r\n"));
}

TEST(ServerContent, IsKnownToBeContent) {
    script::Script script(options, offer);
    script.feed(to_rcpt);
    EXPECT_FALSE(script.server().in_content());
    script.feed("DATA\r\n");
    EXPECT_TRUE(script.server().in_content());
    script.feed("x\r\n.\r");
    EXPECT_TRUE(script.server().in_content());
    script.feed("\n");
    EXPECT_FALSE(script.server().in_content());
    script.feed("BDAT 2\r\nx");
    EXPECT_TRUE(script.server().in_content());  // also while a refused chunk is dropped
    script.feed("x");
    EXPECT_FALSE(script.server().in_content());
}

TEST(ServerContent, AChunkIsAwaitedUntilTheLastOrAnotherCommand) {
    const auto awaits = [](std::string_view said) {
        script::Script script(options, offer);
        script.feed(to_rcpt);
        script.feed(said);
        return script.server().awaits_chunk();
    };
    EXPECT_FALSE(awaits(""));
    EXPECT_TRUE(awaits("BDAT 2\r\n"));
    EXPECT_TRUE(awaits("BDAT 2\r\nxyBDAT 0\r\nBDA"));
    EXPECT_FALSE(awaits("BDAT 2\r\nxyBDAT 2 LAST\r\n"));
    EXPECT_FALSE(awaits("BDAT 2 LAST\r\nxy"));
    EXPECT_FALSE(awaits("BDAT 2\r\nxyNOOP\r\n"));
    EXPECT_FALSE(awaits("BDAT 2\r\nxyBDAT x\r\n"));
    EXPECT_TRUE(awaits("BDAT 2\r\nx\nBDAT 2\r\nxy")) << "refused, but the client may have sent them all";
    EXPECT_FALSE(awaits("RSET\r\nBDAT 2\r\nxy")) << "no transaction: nothing that could be refused";
    EXPECT_FALSE(awaits("DATA\r\n"));
}

}  // namespace
}  // namespace sluice::smtp
