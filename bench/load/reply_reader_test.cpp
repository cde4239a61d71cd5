#include "load/reply_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace load {
namespace {

using testing::ElementsAre;

std::vector<std::uint16_t> read(const std::vector<std::string>& pieces) {
    ReplyReader reader;
    std::vector<std::uint16_t> codes;
    for (const std::string& piece : pieces) {
        std::string_view input = piece;
        while (const auto code = reader.next(input))
            codes.push_back(*code);
    }
    return codes;
}

TEST(ReplyReader, AReplyIsItsLastLine) {
    EXPECT_THAT(read({"220 here\r\n250-one\r\n250-two\r\n250 three\r\n221\r\n"}), ElementsAre(220, 250, 221));
}

TEST(ReplyReader, AnyCutGivesTheSame) {
    const std::string all = "220 here\r\n250-one\r\n250 two\r\n550 5.1.1 no\r\n";
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
        EXPECT_THAT(read({all.substr(0, cut), all.substr(cut)}), ElementsAre(220, 250, 550)) << cut;
    }
    std::vector<std::string> drops;
    for (const char octet : all)
        drops.emplace_back(1, octet);
    EXPECT_THAT(read(drops), ElementsAre(220, 250, 550));
}

TEST(ReplyReader, WhatIsNoReplyIsMalformed) {
    for (const char* wrong : {"\r\n", "2\r\n", "hello\r\n", "25x ok\r\n", "250+ok\r\n"}) {
        EXPECT_THAT(read({wrong}), ElementsAre(ReplyReader::malformed)) << wrong;
    }
}

}  // namespace
}  // namespace load
