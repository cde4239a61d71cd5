#include "policy/act.hpp"

#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

TEST(Act, ComesBackFromText) {
    for (const Act& act : {Act{Lane::reject, "root", "sends nothing but spam"}, Act{Lane::fast, "alice", ""}})
        EXPECT_EQ(parse_act(to_text(act)), act);
    EXPECT_EQ(to_text({Lane::slow, "root", "why"}), "slow root why");
}

TEST(Act, KeepsToItsLine) {
    EXPECT_EQ(to_text({Lane::slow, "a b", "one\ntwo\x7f"}), "slow a_b one two ");
    EXPECT_EQ(to_text({Lane::slow, "", ""}), "slow -");
}

TEST(Act, OtherTextIsNone) {
    for (const std::string_view text : {"", "slow", "slow ", "quick root", " slow root"})
        EXPECT_FALSE(parse_act(text)) << text;
}

}  // namespace
}  // namespace sluice::policy
