#include "smtp/parameter_text.hpp"

#include <gtest/gtest.h>

#include "smtp/command_words.hpp"

namespace sluice::smtp {
namespace {

struct TextCase {
    std::string_view given;
    std::string_view sent;
};

class ParameterText : public testing::TestWithParam<TextCase> {};

TEST_P(ParameterText, MeansTheSame) {
    std::string out = "MAIL FROM:<>";
    ASSERT_TRUE(append_parameter(GetParam().given, out));
    EXPECT_EQ(out, "MAIL FROM:<>" + std::string(GetParam().sent));
}

INSTANTIATE_TEST_SUITE_P(
    Table, ParameterText,
    testing::Values(TextCase{"SIZE=100", " SIZE=100"}, TextCase{"BODY=8BITMIME", " BODY=8BITMIME"},
                    TextCase{"SMTPUTF8", " SMTPUTF8"},
                    TextCase{"NOTIFY=SUCCESS,DELAY", " NOTIFY=SUCCESS,DELAY"},
                    TextCase{"ENVID=QQ314159", " ENVID=QQ314159"}, TextCase{"envid=a+2bb", " envid=a+2Bb"},
                    TextCase{"ENVID=a\"b", " ENVID=a+22b"}, TextCase{"ENVID=<a>\\", " ENVID=+3Ca+3E+5C"},
                    TextCase{"ENVID=a=b", " ENVID=a+3Db"}, TextCase{"ENVID=a+", " ENVID=a+2B"},
                    TextCase{"ORCPT=rfc822;a+2Bb@c.example", " ORCPT=rfc822;a+2Bb+40c.example"},
                    TextCase{"ORCPT=rfc822;\"a<b\"@c", " ORCPT=rfc822;+22a+3Cb+22+40c"},
                    TextCase{"ORCPT=utf-8;caf\\x{E9}@c.example", " ORCPT=utf-8;caf\\x{E9}@c.example"},
                    TextCase{"ORCPT=UTF-8;caf\xc3\xa9@c", " ORCPT=UTF-8;caf\\x{E9}@c"},
                    TextCase{"ORCPT=utf-8;\xf0\x9f\x98\x80@c", " ORCPT=utf-8;\\x{1F600}@c"},
                    TextCase{"ORCPT=utf-8;\xe2\x82\xac@c", " ORCPT=utf-8;\\x{20AC}@c"},
                    TextCase{"ORCPT=utf-8;a+2Bb@c", " ORCPT=utf-8;a\\x{2B}2Bb@c"},
                    TextCase{"ORCPT=utf-8;a\"b\\c<d=e", " ORCPT=utf-8;a\\x{22}b\\x{5C}c\\x{3C}d\\x{3D}e"},
                    TextCase{"ORCPT=utf-8;\\x{22}\\x{}\\x{zz}", " ORCPT=utf-8;\\x{22}\\x{5C}x{}\\x{5C}x{zz}"},
                    TextCase{"AUTH=<>", " AUTH=<>"}, TextCase{"AUTH=+3C+3E", " AUTH=+3C+3E"},
                    TextCase{"AUTH=<a", " AUTH=+3Ca"}, TextCase{"AUTH=e+3Dmc2@c", " AUTH=e+3Dmc2+40c"},
                    TextCase{"ORCPT=utf-8;\\x{000041}@c", " ORCPT=utf-8;A@c"},  // digits_max: 6
                    TextCase{"ORCPT=utf-8;\\x{0000041}@c", " ORCPT=utf-8;\\x{5C}x{0000041}@c"},
                    TextCase{"ORCPT=utf-8;\\x{10ffff}", " ORCPT=utf-8;\\x{10FFFF}"},  // point_max
                    // A value that cannot be written is left out.
                    TextCase{"ORCPT=utf-8;\xff", ""}, TextCase{"ORCPT=utf-8;\\x{110000}", ""},
                    TextCase{"ORCPT=none", ""}, TextCase{"ORCPT=r\"c;x", ""}, TextCase{"ORCPT=;x", ""}));

TEST(ParameterText, WhatIsTooLongIsLeftOut) {
    const auto sent = [](const std::string& parameter) {
        std::string out;
        EXPECT_TRUE(append_parameter(parameter, out));
        return out;
    };
    EXPECT_EQ(sent("ENVID=" + std::string(envid_sent_octets_max, 'x')).size(), 107U);
    EXPECT_EQ(sent("ENVID=" + std::string(envid_sent_octets_max + 1, 'x')), "");
    EXPECT_EQ(sent("ENVID=@" + std::string(envid_sent_octets_max - 1, 'x')), "")
        << "it grows by its encoding";
    EXPECT_EQ(sent("ORCPT=rfc822;" + std::string(orcpt_sent_octets_max - 7, 'x')).size(), 507U);
    EXPECT_EQ(sent("ORCPT=rfc822;" + std::string(orcpt_sent_octets_max - 6, 'x')), "");
}

TEST(ParameterText, NoOctetOfAnyValueIsTakenForAnythingElse) {
    for (const std::string_view keyword :
         {"ENVID=", "AUTH=", "ORCPT=rfc822;", "ORCPT=utf-8;", "SIZE=", "FOO="}) {
        for (int octet = 1; octet < 256; ++octet) {
            const std::string value(1, static_cast<char>(octet));
            for (const std::string& text : {value, "a" + value, value + "a", value + value}) {
                std::string out = "MAIL FROM:<>";
                if (!append_parameter(std::string(keyword) + text, out)) continue;
                out += " SIZE=1";
                const auto words = command_words(out);
                EXPECT_GE(words.size(), 3U) << out;
                EXPECT_LE(words.size(), 4U) << out;
                EXPECT_EQ(words.back(), "SIZE=1") << out;
            }
        }
    }
}

TEST(ParameterText, OtherValuesHaveNoMarks) {
    std::string out;
    EXPECT_FALSE(append_parameter("SIZE=\"", out));
    EXPECT_FALSE(append_parameter("BODY=<", out));
    EXPECT_FALSE(append_parameter("FO\\O", out));
    EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace sluice::smtp
