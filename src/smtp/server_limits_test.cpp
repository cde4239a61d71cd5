// Both sides of every bound in smtp/limits.hpp that a command can exceed; message and line sizes are in
// server_content_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "smtp/server.hpp"
#include "smtp/testing/server_script.hpp"

namespace sluice::smtp {
namespace {

using script::Answers;
using script::play;
using script::Play;
using ::testing::ElementsAre;

const Offer offer = Offer::everything();

std::string times(unsigned count, std::string_view text) {
    std::string all;
    for (unsigned i = 0; i < count; ++i)
        all += text;
    return all;
}

TEST(ServerLimits, CommandLine) {
    const ServerOptions options{.limits = {.command_line_octets_max = 40}};
    EXPECT_THAT(play(options, offer, "NOOP " + std::string(33, 'x') + "\r\n").codes, ElementsAre(220, 250));
    EXPECT_THAT(play(options, offer, "NOOP " + std::string(34, 'x') + "\r\nNOOP\r\n").codes,
                ElementsAre(220, 500, 250));
    EXPECT_THAT(play(options, offer, "NOOP " + std::string(34, 'x') + "\nNOOP\r\n").codes,
                ElementsAre(220, 521));
    const Play long_line = play(options, offer, std::string(100'000, 'x'));
    EXPECT_THAT(long_line.codes, ElementsAre(220));
    EXPECT_EQ(long_line.unread, "");  // dropped as it arrives
    EXPECT_THAT(play(options, offer, std::string(100'000, 'x') + "\r\nNOOP\r\n").codes,
                ElementsAre(220, 500, 250));
}

TEST(ServerLimits, HeloArgument) {
    const ServerOptions options;
    EXPECT_THAT(play(options, offer, "EHLO " + std::string(255, 'x') + "\r\n").codes, ElementsAre(220, 250));
    EXPECT_THAT(play(options, offer, "EHLO " + std::string(256, 'x') + "\r\n").codes, ElementsAre(220, 501));
}

TEST(ServerLimits, LocalPart) {
    const ServerOptions options;
    const auto codes = [&](std::string_view command, std::size_t local) {
        const std::string input =
            "EHLO c\r\nMAIL FROM:<>\r\n" + std::string(command) + std::string(local, 'l') + "@b>\r\n";
        return play(options, offer, input).codes.back();
    };
    EXPECT_EQ(codes("RCPT TO:<", 256), 250);
    EXPECT_EQ(codes("RCPT TO:<", 257), 501);
    EXPECT_EQ(codes("RSET\r\nMAIL FROM:<", 256), 250);
    EXPECT_EQ(codes("RSET\r\nMAIL FROM:<", 257), 501);
}

TEST(ServerLimits, Recipients) {
    const ServerOptions options{.limits = {.recipients_max = 3, .errors_max = 1}};
    const std::string mail = "EHLO c\r\nMAIL FROM:<>\r\n";
    EXPECT_THAT(play(options, offer, mail + "RCPT TO:<unknown@b>\r\n" + times(3, "RCPT TO:<r@b>\r\n")).codes,
                ElementsAre(220, 250, 250, 550, 250, 250, 250));
    // 452 is no error of the client's: it sends the other recipients in another transaction.
    const Play over = play(options, offer, mail + times(6, "RCPT TO:<r@b>\r\n") + "DATA\r\n");
    EXPECT_THAT(over.codes, ElementsAre(220, 250, 250, 250, 250, 250, 452, 452, 452, 354));
    EXPECT_EQ(over.log[over.log.size() - 2], "data 3");
}

TEST(ServerLimits, Errors) {
    const ServerOptions options{.hostname = "mx", .limits = {.errors_max = 3}};
    const Play within = play(options, offer, times(3, "FOO\r\n") + "NOOP\r\n");
    EXPECT_THAT(within.codes, ElementsAre(220, 500, 500, 500, 250));
    const Play over = play(options, offer, "EHLO c\r\nMAIL FROM:<>\r\n" + times(4, "FOO\r\n") + "NOOP\r\n");
    EXPECT_THAT(over.codes, ElementsAre(220, 250, 250, 500, 500, 500, 421));
    EXPECT_EQ(over.log[over.log.size() - 3], "ended limits");
    EXPECT_EQ(over.log[over.log.size() - 2], "421 4.7.0 Error: too many errors\r\n");
    EXPECT_TRUE(over.closed);
    // Recipients that the driver refuses do not count as errors here.
    EXPECT_FALSE(
        play(options, offer, "EHLO c\r\nMAIL FROM:<>\r\n" + times(9, "RCPT TO:<unknown@b>\r\n")).closed);
    EXPECT_TRUE(play(options, offer, times(4, "BDAT 6\r\nQUIT\r\n")).closed);
}

TEST(ServerLimits, JunkCommands) {
    const ServerOptions options{.hostname = "mx", .limits = {.junk_commands_max = 4}};
    EXPECT_FALSE(play(options, offer, "EHLO c\r\nNOOP\r\nRSET\r\nVRFY x\r\nHELP\r\n").closed);
    EXPECT_TRUE(play(options, offer, "EHLO c\r\nNOOP\r\nRSET\r\nVRFY x\r\nHELP\r\nEXPN x\r\n").closed);
    EXPECT_FALSE(play(options, offer, times(5, "EHLO c\r\n")).closed);
    EXPECT_TRUE(play(options, offer, times(6, "EHLO c\r\n")).closed);
    // Accepted mail restarts the count; refused mail does not.
    const std::string mail = "MAIL FROM:<>\r\nRCPT TO:<r@b>\r\nDATA\r\n.\r\n";
    const std::string input = "EHLO c\r\n" + times(4, "NOOP\r\n") + mail + times(4, "NOOP\r\n");
    EXPECT_FALSE(play(options, offer, input).closed);
    Answers refusing;
    refusing.message = {554, "5.7.1 No"};
    EXPECT_TRUE(play(options, offer, input, {}, refusing).closed);
}

TEST(ServerLimits, Transactions) {
    const ServerOptions options{.hostname = "mx", .limits = {.transactions_max = 2}};
    const std::string mail = "MAIL FROM:<>\r\nRSET\r\n";
    EXPECT_THAT(play(options, offer, "EHLO c\r\n" + times(2, mail)).codes,
                ElementsAre(220, 250, 250, 250, 250, 250));
    EXPECT_THAT(play(options, offer, "EHLO c\r\n" + times(3, mail)).codes,
                ElementsAre(220, 250, 250, 250, 250, 250, 421));
}

}  // namespace
}  // namespace sluice::smtp
