#include "base/shown_text.hpp"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "base/utf8.hpp"

namespace sluice {
namespace {

using namespace std::string_view_literals;

struct Case {
    std::string_view sent;
    std::string_view shown;
    std::string_view json;  // without quotes
};

TEST(ShownText, Table) {
    const Case cases[] = {
        {"", "", ""},
        {"mail.example.org", "mail.example.org", "mail.example.org"},
        {"a b~", "a b~", "a b~"},
        {R"(a\b"c)", R"(a\\b"c)", R"(a\\b\"c)"},
        {R"(\x9b)", R"(\\x9b)", R"(\\x9b)"},  // an escape cannot be forged
        // C0 and DEL
        {"\0"sv, R"(\x00)", R"(\u0000)"},
        {"a\x1b[31mb", R"(a\x1b[31mb)", R"(a\u001B[31mb)"},
        {"\t\r\n\x1f ", R"(\x09\x0d\x0a\x1f )", R"(\u0009\u000D\u000A\u001F )"},
        {"~\x7f", R"(~\x7f)", R"(~\u007F)"},
        // C1, and its neighbours
        {"\xc2\x80", R"(\u{80})", R"(\u0080)"},
        {"\xc2\x9b", R"(\u{9b})", R"(\u009B)"},
        {"\xc2\x9f", R"(\u{9f})", R"(\u009F)"},
        {"\xc2\xa0", "\xc2\xa0", "\xc2\xa0"},
        {"j\xc3\xbcrgen", "j\xc3\xbcrgen", "j\xc3\xbcrgen"},
        // characters that change the direction of writing, and their neighbours
        {"\xd8\x9b", "\xd8\x9b", "\xd8\x9b"},              // U+061B
        {"\xd8\x9c", R"(\u{61c})", R"(\u061C)"},           // U+061C
        {"\xd8\x9d", "\xd8\x9d", "\xd8\x9d"},              // U+061D
        {"\xe2\x80\x8d", "\xe2\x80\x8d", "\xe2\x80\x8d"},  // U+200D
        {"\xe2\x80\x8e", R"(\u{200e})", R"(\u200E)"},      // U+200E
        {"\xe2\x80\x8f", R"(\u{200f})", R"(\u200F)"},      // U+200F
        {"\xe2\x80\x90", "\xe2\x80\x90", "\xe2\x80\x90"},  // U+2010
        {"\xe2\x80\xa7", "\xe2\x80\xa7", "\xe2\x80\xa7"},  // U+2027
        {"\xe2\x80\xa8\xe2\x80\xa9", R"(\u{2028}\u{2029})", R"(\u2028\u2029)"},
        {"\xe2\x80\xaa", R"(\u{202a})", R"(\u202A)"},  // U+202A
        {"gpj.\xe2\x80\xae"
         "exe",
         R"(gpj.\u{202e}exe)", R"(gpj.\u202Eexe)"},
        {"\xe2\x80\xaf", "\xe2\x80\xaf", "\xe2\x80\xaf"},  // U+202F
        {"\xe2\x81\xa5", "\xe2\x81\xa5", "\xe2\x81\xa5"},  // U+2065
        {"\xe2\x81\xa6\xe2\x81\xa9", R"(\u{2066}\u{2069})", R"(\u2066\u2069)"},
        {"\xe2\x81\xaa", "\xe2\x81\xaa", "\xe2\x81\xaa"},  // U+206A
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        // not UTF-8
        {"\x9b", R"(\x9b)", R"(\u009B)"},
        {"\x80\xff", R"(\x80\xff)", R"(\u0080\u00FF)"},
        {"a\xc3", R"(a\xc3)", R"(a\u00C3)"},
        {"\xc0\xaf", R"(\xc0\xaf)", R"(\u00C0\u00AF)"},                // overlong
        {"\xed\xa0\x80", R"(\xed\xa0\x80)", R"(\u00ED\u00A0\u0080)"},  // a surrogate
        {"\xe2\x80", R"(\xe2\x80)", R"(\u00E2\u0080)"},                // incomplete
        {"\xe2\x80\xae\xe2", R"(\u{202e}\xe2)", R"(\u202E\u00E2)"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(shown(c.sent), c.shown);
        std::string json;
        append_json_string(json, c.sent);
        EXPECT_EQ(json, "\"" + std::string(c.json) + "\"");
    }
}

TEST(ShownText, EveryOctetComesOutFitForATerminal) {
    for (unsigned first = 0; first < 256; ++first) {
        for (unsigned second = 0; second < 256; ++second) {
            const std::string sent{static_cast<char>(first), static_cast<char>(second)};
            std::string json;
            append_json_string(json, sent);
            for (const std::string& out : {shown(sent), json}) {
                ASSERT_TRUE(utf8::is_valid(out));
                ASSERT_TRUE(out.find("\xc2\x9b") == std::string::npos);
                for (const char c : out)
                    ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << first << ' ' << second;
            }
        }
    }
}

TEST(ShownText, JsonOfOthersMeansTheSame) {
    EXPECT_EQ(shown_json("{\"a\":\"x\\\"\\\\\xc2\x9by\xe2\x80\xae\x7f\",\"\xc3\xbc\":1}"),
              R"({"a":"x\"\\\u009By\u202E\u007F",")"
              "\xc3\xbc"
              R"(":1})");
    EXPECT_EQ(shown_json(""), "");
}

}  // namespace
}  // namespace sluice
