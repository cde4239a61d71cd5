#include "smtp/reply_parser.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace sluice::smtp {
namespace {

using Result = ReplyParser::Result;

struct Parsed {
    std::vector<Reply> replies;
    Result end = Result::more;

    bool operator==(const Parsed&) const = default;
};

void feed(ReplyParser& parser, std::string_view input, Parsed& parsed) {
    Result result = parser.next(input);
    for (; result == Result::reply; result = parser.next(input))
        parsed.replies.push_back(parser.reply());
    parsed.end = result;
}

struct StreamCase {
    std::string stream;
    Parsed parsed;
};

class ReplyStreams : public testing::TestWithParam<StreamCase> {};

TEST_P(ReplyStreams, AreTheSameSplitAnywhere) {
    const std::string_view stream = GetParam().stream;
    for (std::size_t split = 0; split <= stream.size(); ++split) {
        ReplyParser parser;
        Parsed parsed;
        feed(parser, stream.substr(0, split), parsed);
        feed(parser, stream.substr(split), parsed);
        EXPECT_EQ(parsed, GetParam().parsed) << "split at " << split;
    }
    ReplyParser parser;
    Parsed parsed;
    for (const char& octet : stream)
        feed(parser, std::string_view(&octet, 1), parsed);
    EXPECT_EQ(parsed, GetParam().parsed) << "octet by octet";
}

std::string lines(std::size_t count) {
    std::string stream;
    for (std::size_t i = 1; i < count; ++i)
        stream += "250-\r\n";
    return stream + "250 x\r\n";
}

/// A one-line reply of `octets` octets, CRLF included.
std::string line_of(std::size_t octets) {
    return "250 " + std::string(octets - 6, 'x') + "\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Table, ReplyStreams,
    testing::Values(StreamCase{"220 mx.example ESMTP\r\n", {{{220, "mx.example ESMTP"}}}},
                    StreamCase{"250-a\r\n250-b c\r\n250 d\r\n", {{{250, "a\nb c\nd"}}}},
                    StreamCase{"250 2.1.0 Ok\r\n550 5.1.1 no\r\n354 go\r\n",
                               {{{250, "2.1.0 Ok"}, {550, "5.1.1 no"}, {354, "go"}}}},
                    StreamCase{"250-a\n250 b\n", {{{250, "a\nb"}}}},                   // bare LF
                    StreamCase{"250\r\n250-\r\n250\r\n", {{{250, ""}, {250, "\n"}}}},  // no text
                    StreamCase{"250-a\r\n250", {}},                                    // not complete
                    StreamCase{"250-a\r\n251 b\r\n", {{}, Result::malformed}},
                    StreamCase{"250 a\r\nhello\r\n250 b\r\n", {{{250, "a"}}, Result::malformed}},
                    StreamCase{"\r\n", {{}, Result::malformed}},
                    StreamCase{"25\r\n", {{}, Result::malformed}},
                    StreamCase{"250x\r\n", {{}, Result::malformed}},
                    StreamCase{"150 a\r\n", {{}, Result::malformed}},
                    StreamCase{"650 a\r\n", {{}, Result::malformed}},
                    StreamCase{lines(ReplyParser::lines_max),
                               {{{250, std::string(ReplyParser::lines_max - 1, '\n') + "x"}}}},
                    StreamCase{lines(ReplyParser::lines_max + 1), {{}, Result::too_long}},
                    StreamCase{line_of(ReplyParser::line_octets_max),
                               {{{250, std::string(ReplyParser::line_octets_max - 6, 'x')}}}},
                    StreamCase{line_of(ReplyParser::line_octets_max + 1), {{}, Result::too_long}}));

TEST(ReplyParser, KnowsWhenItIsInsideAReply) {
    ReplyParser parser;
    EXPECT_FALSE(parser.inside());
    std::string_view input = "25";
    EXPECT_EQ(parser.next(input), Result::more);
    EXPECT_TRUE(parser.inside());
    input = "0-a\r\n";
    EXPECT_EQ(parser.next(input), Result::more);
    EXPECT_TRUE(parser.inside());
    input = "250 b\r\n";
    EXPECT_EQ(parser.next(input), Result::reply);
    EXPECT_FALSE(parser.inside());
}

TEST(ReplyParser, StaysFailed) {
    ReplyParser parser;
    std::string_view input = "garbage\r\n";
    EXPECT_EQ(parser.next(input), Result::malformed);
    input = "250 ok\r\n";
    EXPECT_EQ(parser.next(input), Result::malformed);
    EXPECT_EQ(input, "250 ok\r\n");
}

}  // namespace
}  // namespace sluice::smtp
