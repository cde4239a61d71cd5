// The same octets give the same session, wherever they are split into reads.
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "smtp/server.hpp"
#include "smtp/testing/server_script.hpp"

namespace sluice::smtp {
namespace {

using namespace std::string_view_literals;
using script::play;
using script::Play;

#define TO_RCPT "EHLO c\r\nMAIL FROM:<s@a> SIZE=9\r\nRCPT TO:<r@b>\r\n"

// NOLINTBEGIN(bugprone-suspicious-missing-comma): TO_RCPT is a part of its string
const std::string_view sessions[] = {
    "HELO c\r\nNOOP\r\nFOO\r\nQUIT\r\nrest",
    TO_RCPT "RCPT TO:<unknown@b>\r\nDATA\r\nSubject: x\r\n\r\n..a\r\n.b\r\n.\r\nQUIT\r\n",
    TO_RCPT "DATA\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<q@b>\r\nDATA\r\nx\r\n.\r\nRSET\r\n",
    TO_RCPT "BDAT 5\r\na\r\n.\rBDAT 1\r\n\nBDAT 4 LAST\r\n.b\r\nNOOP\r\n",
    TO_RCPT "BDAT 3\r\na\nbBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n",
    TO_RCPT "BDAT 60 LAST\r\n0123456789012345678901234567890123456789012345678901234567\r\nNOOP\r\n",
    TO_RCPT "RSET\r\nBDAT 6\r\nQUIT\r\nNOOP\r\n",
    TO_RCPT "DATA\r\na\n.\nMAIL FROM:<e@a>\r\n.\r\nNOOP\r\n",
    TO_RCPT "DATA\r\na\n.\r\nMAIL FROM:<e@a>\r\n.\r\nNOOP\r\n",
    TO_RCPT "DATA\r\na\r\n.\nMAIL FROM:<e@a>\r\n.\r\nNOOP\r\n",
    TO_RCPT "DATA\r\na\r.\rMAIL FROM:<e@a>\r\n.\r\nNOOP\r\n",
    TO_RCPT "DATA\r\na\r\n.\r\r\nMAIL FROM:<e@a>\r\n.\r\nNOOP\r\n",
    TO_RCPT "DATA\r\na\r.\r\nMAIL FROM:<e@a>\r\n.\r\nNOOP\r\n",
    TO_RCPT "DATA\r\na\r\n.\rMAIL FROM:<e@a>\r\n.\r\nNOOP\r\n",
    TO_RCPT "DATA\r\na\r\n\0.\r\nMAIL FROM:<e@a>\r\n.\r\nNOOP\r\n"sv,
    TO_RCPT "DATA\r\na\r\n.\0\r\nMAIL FROM:<e@a>\r\n.\r\nNOOP\r\n"sv,
    TO_RCPT "DATA\r\n0123456789012345678901234567890123456789012345678901234567890123456789\r\n.\r\nNOOP\r\n",
    "EHLO c\r\nNOOP xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\nNOOP\r\n",
    "EHLO c\r\nNOOP\nNO\rOP\r\nNO\0OP\r\n\r\nNOOP\r\n"sv,
    "EHLO c\r\nBDAT 9 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\nQUIT\r\n",
    "XCLIENT NAME=a ADDR=192.0.2.1\r\nEHLO c\r\nXCLIENT NAME=b\r\nNOOP\r\n",
    "FOO\r\nFOO\r\nFOO\r\nFOO\r\nFOO\r\nFOO\r\nNOOP\r\n",
    "POST / HTTP/1.0\r\n\r\nEHLO c\r\n",
};
// NOLINTEND(bugprone-suspicious-missing-comma)

ServerOptions options_with(BareNewlines mode) {
    return {.hostname = "mx",
            .limits = {.command_line_octets_max = 48, .message_octets_max = 64, .errors_max = 5},
            .bare_newlines = mode,
            .accept_xclient = true};
}

TEST(ServerSplit, AnyCutGivesTheSameSession) {
    const Offer offer = Offer::everything();
    for (const BareNewlines mode : {BareNewlines::refuse, BareNewlines::normalise}) {
        const ServerOptions options = options_with(mode);
        for (const std::string_view session : sessions) {
            const Play whole = play(options, offer, session);
            std::vector<std::size_t> every;
            for (std::size_t i = 1; i < session.size(); ++i) {
                every.push_back(i);
                EXPECT_EQ(play(options, offer, session, {i}), whole) << session << " cut at " << i;
                EXPECT_EQ(play(options, offer, session, {i, std::min(i + 2, session.size())}), whole)
                    << session << " cut at " << i << " and two after it";
            }
            EXPECT_EQ(play(options, offer, session, every), whole) << session << " octet by octet";
        }
    }
}

}  // namespace
}  // namespace sluice::smtp
