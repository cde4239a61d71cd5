#include "smtp/command_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::smtp {
namespace {

using Words = std::vector<std::string_view>;

struct WordsCase {
    std::string_view line;
    Words words;
};

class CommandWords : public testing::TestWithParam<WordsCase> {};

TEST_P(CommandWords, AreThoseOfPostfix) {
    EXPECT_EQ(command_words(GetParam().line), GetParam().words);
}

INSTANTIATE_TEST_SUITE_P(
    Table, CommandWords,
    testing::Values(WordsCase{"", {}}, WordsCase{" \t ", {}}, WordsCase{" a\t b ", {"a", "b"}},
                    WordsCase{"A=x\" B=y", {"A=x\" B=y"}}, WordsCase{"A=\"x y\" B=y", {"A=\"x y\"", "B=y"}},
                    WordsCase{"A=<x B=y", {"A=<x B=y"}}, WordsCase{"A=<x y> B=y", {"A=<x y>", "B=y"}},
                    WordsCase{"A=x> B=y", {"A=x>", "B=y"}}, WordsCase{"A=x\\ B=y", {"A=x\\ B=y"}},
                    WordsCase{"A=x\\\\ B=y", {"A=x\\\\", "B=y"}}, WordsCase{"A=x\\", {"A=x\\"}},
                    WordsCase{"A=x\\\" B=y", {"A=x\\\"", "B=y"}}, WordsCase{"<a<b> c> d", {"<a<b> c>", "d"}},
                    WordsCase{"<\"a> b\"> d", {"<\"a> b\">", "d"}},
                    WordsCase{"\"a<\" b> c", {"\"a<\"", "b>", "c"}},
                    WordsCase{"\"a\\\" b\" c", {"\"a\\\" b\"", "c"}},
                    WordsCase{"<a\\> b> c", {"<a\\> b>", "c"}},
                    WordsCase{"A=(x B=[y C={z", {"A=(x", "B=[y", "C={z"}}));

TEST(CommandWords, APathEndsWithItsLastOctet) {
    for (const std::string_view path :
         {"<>", "<a@b>", "<\"a b\"@c>", "<\"a>b\"@c>", "<\"a\\\"> b\"@c>", "<a<b>c>"})
        EXPECT_TRUE(is_one_path(path)) << path;
    for (const std::string_view path :
         {"", "<", ">", "a@b", "<a@b", "a@b>", "<a>b>", "<a\"b>", "<a<b>", "<a\\>", "<\"a\\\"@c>"})
        EXPECT_FALSE(is_one_path(path)) << path;
}

}  // namespace
}  // namespace sluice::smtp
