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
        EXPECT_TRUE(ascii::is_graphic(c) && c != '=');
    EXPECT_EQ(xtext_decode(text), octets);
    EXPECT_TRUE(is_xtext(text));
}

TEST(Xtext, EncodesWhatTheRfcNames) {
    EXPECT_EQ(xtext_encode("a b+c=d"), "a+20b+2Bc+3Dd");
    EXPECT_EQ(xtext_encode("\r\n"), "+0D+0A");
    EXPECT_EQ(xtext_encode("\xff"), "+FF");
    EXPECT_EQ(xtext_encode(""), "");
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
