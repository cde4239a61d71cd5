#include "sink/connection.hpp"

#include <gtest/gtest.h>

namespace sink {
namespace {

const std::string session =
    "EHLO me\r\nXCLIENT ADDR=192.0.2.1\r\nEHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<unknown7@b>\r\nRCPT "
    "TO:<good@b>\r\n"
    "DATA\r\none\r\n..two\r\n.\rthree\r\n\r.\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<good@b>\r\nBDAT "
    "5\r\nQUIT\nBDAT 2 "
    "LAST\r\n\r\n"
    "MAIL FROM:<>\r\nRCPT TO:<unknown@b>\r\nDATA\r\nRSET\r\nQUIT\r\n";

std::string codes(const std::string& replies) {
    std::string out;
    for (std::size_t at = 0; at < replies.size(); at = replies.find('\n', at) + 1) {
        if (replies[at + 3] == ' ') out += replies.substr(at, 4);
    }
    return out;
}

TEST(Connection, AnswersTheSameHoweverItIsCut) {
    for (std::size_t cut = 0; cut < session.size(); ++cut) {
        Connection connection;
        std::string out;
        Counts counts;
        EXPECT_TRUE(connection.take(session.substr(0, cut), out, counts));
        EXPECT_FALSE(connection.take(session.substr(cut), out, counts)) << "QUIT ends it";
        ASSERT_EQ(codes(out), "250 220 250 250 550 250 354 250 250 250 250 250 250 550 554 250 221 ") << cut;
        EXPECT_EQ(counts.mails, 2U);
        EXPECT_EQ(counts.refused, 2U);
        EXPECT_EQ(counts.recipients, 2U);
    }
}

TEST(Connection, AMessageMayBeNothingButItsDot) {
    Connection connection;
    std::string out;
    Counts counts;
    EXPECT_FALSE(connection.take("MAIL FROM:<>\r\nRCPT TO:<good@b>\r\nDATA\r\n.\r\nQUIT\r\n", out, counts));
    EXPECT_EQ(codes(out), "250 250 354 250 221 ");
}

}  // namespace
}  // namespace sink
