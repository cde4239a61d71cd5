#include "wire/xclient.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace sluice::wire {
namespace {

constexpr std::string_view postfix_attributes =
    "NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT";

XclientIdentity example() {
    return {.address = IpAddress::parse("192.0.2.7").value_or(IpAddress()),
            .name = "mail.example.org",
            .helo = "mx.example",
            .esmtp = true};
}

struct LinesCase {
    std::string_view listed;
    XclientIdentity identity;
    std::string_view lines;
};

class XclientLines : public testing::TestWithParam<LinesCase> {};

TEST_P(XclientLines, AreWhatTheServerUnderstands) {
    EXPECT_EQ(xclient_lines(XclientAttributes::parse(GetParam().listed), GetParam().identity),
              GetParam().lines);
}

const IpAddress v4 = IpAddress::parse("192.0.2.7").value_or(IpAddress());
const IpAddress v6 = IpAddress::parse("2001:db8::7").value_or(IpAddress());

INSTANTIATE_TEST_SUITE_P(
    Table, XclientLines,
    testing::Values(
        LinesCase{postfix_attributes, example(),
                  "XCLIENT NAME=mail.example.org REVERSE_NAME=mail.example.org HELO=mx.example PROTO=ESMTP "
                  "ADDR=192.0.2.7\r\n"},
        LinesCase{"addr name", example(), "XCLIENT NAME=mail.example.org ADDR=192.0.2.7\r\n"},
        LinesCase{"ADDR", {v6, "", "", false}, "XCLIENT ADDR=IPV6:2001:db8::7\r\n"},
        LinesCase{postfix_attributes,
                  {v4, "", "", false},
                  "XCLIENT NAME=[TEMPUNAVAIL] REVERSE_NAME=[TEMPUNAVAIL] HELO=[UNAVAILABLE] PROTO=SMTP "
                  "ADDR=192.0.2.7\r\n"},
        // Nothing a client says in HELO can add an attribute or a line.
        LinesCase{"ADDR HELO",
                  {v4, "", "a b=c+d\r\nQUIT", false},
                  "XCLIENT HELO=a+20b+3Dc+2Bd+0D+0AQUIT ADDR=192.0.2.7\r\n"},
        // A name from DNS that is no host name would be refused with 501.
        LinesCase{
            "ADDR NAME", {v4, "a b.example", "", false}, "XCLIENT NAME=[TEMPUNAVAIL] ADDR=192.0.2.7\r\n"},
        LinesCase{
            "ADDR NAME", {v4, "-a.example", "", false}, "XCLIENT NAME=[TEMPUNAVAIL] ADDR=192.0.2.7\r\n"},
        LinesCase{
            "ADDR NAME", {v4, "a..example", "", false}, "XCLIENT NAME=[TEMPUNAVAIL] ADDR=192.0.2.7\r\n"},
        LinesCase{"ADDR NAME", {v4, "1.2.3.4", "", false}, "XCLIENT NAME=[TEMPUNAVAIL] ADDR=192.0.2.7\r\n"},
        LinesCase{"ADDR NAME", {v4, "_x-1.2", "", false}, "XCLIENT NAME=_x-1.2 ADDR=192.0.2.7\r\n"},
        LinesCase{"NAME HELO", example(), ""}, LinesCase{"", example(), ""}));

TEST(XclientLines, NeverSendsPort) {
    EXPECT_THAT(xclient_lines(XclientAttributes::parse(postfix_attributes), example()),
                testing::Not(testing::HasSubstr("PORT")));
}

TEST(XclientLines, AreSplitWithTheAddressLast) {
    const std::string label(60, 'a');
    const std::string name = label + "." + label + "." + label + "." + label + ".example";
    const std::string helo(300, ' ');
    const XclientIdentity identity{v6, name, helo, true};
    const std::string lines = xclient_lines(XclientAttributes::parse(postfix_attributes), identity);

    std::vector<std::string> split;
    for (std::size_t at = 0; at < lines.size();) {
        const std::size_t end = lines.find("\r\n", at) + 2;
        split.push_back(lines.substr(at, end - at));
        at = end;
    }
    ASSERT_EQ(split.size(), 3U);
    for (const std::string& line : split) {
        EXPECT_LE(line.size(), xclient_line_octets_max);
        EXPECT_TRUE(line.starts_with("XCLIENT "));
    }
    EXPECT_EQ(split[0], "XCLIENT NAME=" + name + "\r\n");
    EXPECT_EQ(split[1], "XCLIENT REVERSE_NAME=" + name + "\r\n");
    // 255 octets hold 85 encoded spaces.
    std::string spaces;
    for (int i = 0; i < 85; ++i)
        spaces += "+20";
    EXPECT_EQ(split[2], "XCLIENT HELO=" + spaces + " PROTO=ESMTP ADDR=IPV6:2001:db8::7\r\n");
}

TEST(XclientLines, CutNoEncodedOctetInTwo) {
    for (std::size_t plain = 0; plain < 4; ++plain) {
        const std::string helo = std::string(plain, 'a') + std::string(200, '=');
        const XclientIdentity identity{v4, "", helo, false};
        const std::string lines = xclient_lines(XclientAttributes::parse("HELO ADDR"), identity);
        const std::size_t value = lines.find("HELO=") + 5;
        const std::size_t size = lines.find(' ', value) - value;
        EXPECT_LE(size, xclient_value_octets_max);
        EXPECT_GT(size, xclient_value_octets_max - 3);
        EXPECT_EQ((size - plain) % 3, 0U) << plain;
    }
}

}  // namespace
}  // namespace sluice::wire
