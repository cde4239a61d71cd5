#include "base/xtext.hpp"

#include <gtest/gtest.h>

#include "base/ascii.hpp"

namespace sluice {
namespace {

TEST(Xtext, EveryOctetSurvives) {
    std::string octets;
    for (int i = 0; i < 256; ++i)
        octets += static_cast<char>(i);
    const std::string text = xtext_encode(octets);
    for (const char c : text)
        EXPECT_TRUE(ascii::is_alnum(c) || std::string_view("+.-_:[]").contains(c)) << c;
    EXPECT_EQ(xtext_decode(text), octets);
    EXPECT_TRUE(is_xtext(text));
}

TEST(Xtext, EncodesWhatTheRfcNames) {
    EXPECT_EQ(xtext_encode("a b+c=d"), "a+20b+2Bc+3Dd");
    EXPECT_EQ(xtext_encode("\r\n"), "+0D+0A");
    EXPECT_EQ(xtext_encode("\xff"), "+FF");
    EXPECT_EQ(xtext_encode(""), "");
}

TEST(Xtext, EncodesWhatPostfixSplitsWordsBy) {
    EXPECT_EQ(xtext_encode("a\"b<c>d\\e"), "a+22b+3Cc+3Ed+5Ce");
    EXPECT_EQ(xtext_encode("[IPv6:2001:db8::1]_x-1.Z"), "[IPv6:2001:db8::1]_x-1.Z");
}

TEST(Xtext, CutsNoEncodedOctetInTwo) {
    EXPECT_EQ(xtext_encode_bounded("ab c", 7), "ab+20c");
    EXPECT_EQ(xtext_encode_bounded("ab c", 6), "ab+20c");
    EXPECT_EQ(xtext_encode_bounded("ab c", 5), "ab+20");
    EXPECT_EQ(xtext_encode_bounded("ab c", 4), "ab");
    EXPECT_EQ(xtext_encode_bounded("ab c", 0), "");
}

TEST(Xtext, IsReadLenientlyAsPostfixReadsIt) {
    EXPECT_EQ(xtext_decode_leniently("a=b \xff+41"),
              "a=b \xff"
              "A");
    EXPECT_EQ(xtext_decode_leniently("a+4"), std::nullopt);
    EXPECT_EQ(xtext_decode_leniently("+"), std::nullopt);
}

TEST(Xtext, DecodesEitherCase) {
    EXPECT_EQ(xtext_decode("a+2bb"), "a+b");
    EXPECT_EQ(xtext_decode("a+2Bb"), "a+b");
    EXPECT_EQ(xtext_decode(""), "");
}

TEST(Xtext, RefusesWhatIsNotXtext) {
    for (const char* text :
         {"+", "+2", "a+", "+G0", "+0G", "a b", "a=b", "\x7f", "\xc3\xbc", "++20", "+-1"}) {
        EXPECT_FALSE(xtext_decode(text)) << text;
        EXPECT_FALSE(is_xtext(text)) << text;
    }
}

}  // namespace
}  // namespace sluice
