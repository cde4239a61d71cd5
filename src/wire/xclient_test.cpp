#include "wire/xclient.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace sluice::wire {
namespace {

constexpr std::string_view postfix_attributes =
    "NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT";

const IpAddress v4 = IpAddress::parse("192.0.2.7").value_or(IpAddress());
const IpAddress v6 = IpAddress::parse("2001:db8::7").value_or(IpAddress());
const IpAddress ours = IpAddress::parse("198.51.100.25").value_or(IpAddress());

XclientIdentity example() {
    return {.address = v4,
            .helo = "mx.example",
            .esmtp = true,
            .port = 4711,
            .name = {.name = "mail.example.org"},
            .reverse_name = {.name = "mail.example.org"},
            .destination = ours,
            .destination_port = 25};
}

struct LineCase {
    std::string_view listed;
    XclientIdentity identity;
    std::string_view line;
};

class XclientLine : public testing::TestWithParam<LineCase> {};

TEST_P(XclientLine, IsWhatTheServerUnderstands) {
    EXPECT_EQ(xclient_line(XclientAttributes::parse(GetParam().listed), GetParam().identity),
              GetParam().line);
}

INSTANTIATE_TEST_SUITE_P(
    Table, XclientLine,
    testing::Values(
        LineCase{postfix_attributes, example(),
                 "XCLIENT ADDR=192.0.2.7 PORT=4711 DESTADDR=198.51.100.25 DESTPORT=25 PROTO=ESMTP "
                 "NAME=mail.example.org REVERSE_NAME=mail.example.org HELO=mx.example\r\n"},
        LineCase{"addr name", example(), "XCLIENT ADDR=192.0.2.7 NAME=mail.example.org\r\n"},
        LineCase{"ADDR", {.address = v6}, "XCLIENT ADDR=IPV6:2001:db8::7\r\n"},
        LineCase{"DESTADDR ADDR DESTPORT",
                 {.address = v6, .destination = v6, .destination_port = 465},
                 "XCLIENT ADDR=IPV6:2001:db8::7 DESTADDR=IPV6:2001:db8::7 DESTPORT=465\r\n"},
        LineCase{postfix_attributes,
                 {.address = v4},
                 "XCLIENT ADDR=192.0.2.7 PORT=[UNAVAILABLE] DESTADDR=[UNAVAILABLE] DESTPORT=[UNAVAILABLE] "
                 "PROTO=SMTP NAME=[TEMPUNAVAIL] REVERSE_NAME=[TEMPUNAVAIL] HELO=[UNAVAILABLE]\r\n"},
        LineCase{"ADDR NAME REVERSE_NAME",
                 {.address = v4, .name = {.absent = true}, .reverse_name = {.name = "liar.example"}},
                 "XCLIENT ADDR=192.0.2.7 NAME=[UNAVAILABLE] REVERSE_NAME=liar.example\r\n"},
        LineCase{"ADDR NAME REVERSE_NAME",
                 {.address = v4, .name = {.absent = true}, .reverse_name = {.absent = true}},
                 "XCLIENT ADDR=192.0.2.7 NAME=[UNAVAILABLE] REVERSE_NAME=[UNAVAILABLE]\r\n"},
        // No text in HELO can add or remove an attribute, or add a line.
        LineCase{"ADDR HELO",
                 {.address = v4, .helo = "a b=c+d\r\nQUIT"},
                 "XCLIENT ADDR=192.0.2.7 HELO=a+20b+3Dc+2Bd+0D+0AQUIT\r\n"},
        LineCase{"ADDR HELO",
                 {.address = v4, .helo = "\"<>\\()@;\xff"},
                 "XCLIENT ADDR=192.0.2.7 HELO=+22+3C+3E+5C+28+29+40+3B+FF\r\n"},
        // Postfix would refuse a name from DNS that is no host name with 501; it counts as no name.
        LineCase{"ADDR NAME",
                 {.address = v4, .name = {.name = "a b.example"}},
                 "XCLIENT ADDR=192.0.2.7 NAME=[UNAVAILABLE]\r\n"},
        LineCase{"ADDR REVERSE_NAME",
                 {.address = v4, .reverse_name = {.name = "a\".example"}},
                 "XCLIENT ADDR=192.0.2.7 REVERSE_NAME=[UNAVAILABLE]\r\n"},
        LineCase{"ADDR NAME",
                 {.address = v4, .name = {.name = "-a.example"}},
                 "XCLIENT ADDR=192.0.2.7 NAME=[UNAVAILABLE]\r\n"},
        LineCase{"ADDR NAME",
                 {.address = v4, .name = {.name = "a..example"}},
                 "XCLIENT ADDR=192.0.2.7 NAME=[UNAVAILABLE]\r\n"},
        LineCase{"ADDR NAME",
                 {.address = v4, .name = {.name = "1.2.3.4"}},
                 "XCLIENT ADDR=192.0.2.7 NAME=[UNAVAILABLE]\r\n"},
        LineCase{"ADDR NAME",
                 {.address = v4, .name = {.name = "_x-1.2"}},
                 "XCLIENT ADDR=192.0.2.7 NAME=_x-1.2\r\n"},
        LineCase{"NAME HELO", example(), ""}, LineCase{"", example(), ""}));

/// An identity with every member as long as it can be.
struct Longest {
    std::string name;
    std::string helo = std::string(300, '"');
    IpAddress address = IpAddress::parse("2001:db8:1111:2222:3333:4444:5555:6666").value_or(IpAddress());

    explicit Longest(std::size_t name_octets) : name("a") {
        while (name.size() + 2 <= name_octets)
            name += ".a";
        if (name.size() < name_octets) name += "a";
    }
    std::string line() const {
        return xclient_line(XclientAttributes::parse(postfix_attributes), {.address = address,
                                                                           .helo = helo,
                                                                           .esmtp = true,
                                                                           .port = 65535,
                                                                           .name = {.name = name},
                                                                           .reverse_name = {.name = name},
                                                                           .destination = address,
                                                                           .destination_port = 65535});
    }
};

std::string value_of(const std::string& line, const std::string& attribute) {
    const std::size_t at = line.find(" " + attribute + "=") + attribute.size() + 2;
    return line.substr(at, line.find_first_of(" \r", at) - at);
}

TEST(XclientLine, IsOneLineHoweverLongNamesAre) {
    for (std::size_t octets = 1; octets <= xclient_value_octets_max; ++octets) {
        const Longest longest(octets);
        const std::string line = longest.line();
        ASSERT_LE(line.size(), xclient_line_octets_max) << line;
        ASSERT_EQ(line.find('\n'), line.size() - 1);
        EXPECT_TRUE(line.starts_with("XCLIENT ADDR=IPV6:2001:db8:1111:2222:3333:4444:5555:6666 "));
        EXPECT_EQ(value_of(line, "NAME"), longest.name) << "a confirmed name is never cut";
        const std::string reverse = value_of(line, "REVERSE_NAME");
        EXPECT_TRUE(longest.name == reverse || longest.name.ends_with("." + reverse)) << line;
        const std::string helo = value_of(line, "HELO");
        EXPECT_GE(helo.size(), 12U);
        EXPECT_LE(helo.size(), xclient_value_octets_max);
        EXPECT_EQ(helo.size() % 3, 0U) << "no encoded octet is cut in two";
    }
    EXPECT_EQ(value_of(Longest(20).line(), "HELO").size(), 255U);
    EXPECT_EQ(value_of(Longest(130).line(), "REVERSE_NAME").size(), 130U);
}

TEST(XclientLine, LeavesOutAReverseNameThatCannotBeCut) {
    const std::string name(255, 'a');
    const std::string line = xclient_line(XclientAttributes::parse("ADDR NAME REVERSE_NAME HELO"),
                                          {.address = v4, .reverse_name = {.name = std::string_view(name)}});
    EXPECT_EQ(value_of(line, "REVERSE_NAME"), "[UNAVAILABLE]") << "no label has so many octets";
    // The last label alone is no host name.
    const Longest longest(254);
    const std::string numbers =
        "a" + std::string(50, 'b') + ".1111111111111111111111111111111111111111.2222222222";
    const std::string cut = xclient_line(XclientAttributes::parse(postfix_attributes),
                                         {.address = longest.address,
                                          .name = {.name = longest.name},
                                          .reverse_name = {.name = std::string_view(numbers)},
                                          .destination = longest.address,
                                          .destination_port = 1});
    EXPECT_EQ(value_of(cut, "REVERSE_NAME"), "[TEMPUNAVAIL]") << cut;
    EXPECT_LE(cut.size(), xclient_line_octets_max);
}

TEST(XclientLine, HasNoNameThatPostfixWouldRefuse) {
    const std::string label(63, 'a');  // label_octets_max
    for (const auto& [name, value] : {std::pair(label + ".example", label + ".example"),
                                      std::pair(label + "a.example", std::string("[UNAVAILABLE]"))}) {
        XclientIdentity identity = example();
        identity.name.name = identity.reverse_name.name = name;
        const std::string line = xclient_line(XclientAttributes::parse(postfix_attributes), identity);
        EXPECT_EQ(value_of(line, "NAME"), value);
        EXPECT_EQ(value_of(line, "REVERSE_NAME"), value);
    }
}

TEST(XclientLine, SaysNothingThatCouldBeTakenForAMark) {
    for (int octet = 0; octet < 256; ++octet) {
        const std::string helo(1, static_cast<char>(octet));
        XclientIdentity identity = example();
        identity.helo = helo;
        const std::string line = xclient_line(XclientAttributes::parse(postfix_attributes), identity);
        EXPECT_EQ(line.find_first_of("\"<>\\()\t@"), std::string::npos) << line;
        EXPECT_TRUE(line.starts_with("XCLIENT ADDR=192.0.2.7 ")) << line;
        EXPECT_EQ(line.find('\r'), line.size() - 2) << line;
    }
}

}  // namespace
}  // namespace sluice::wire
