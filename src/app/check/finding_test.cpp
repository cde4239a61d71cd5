#include "app/check/finding.hpp"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

TEST(Findings, AreShownTheWorstFirst) {
    const Findings findings{{Severity::fine, "a is free"},
                            {Severity::advice, "Set b"},
                            {Severity::hurts, "Start c"},
                            {Severity::off, "Set d"},
                            {Severity::hurts, "Start e"}};
    EXPECT_EQ(findings_text(findings),
              "  ERROR     Start c\n"
              "  ERROR     Start e\n"
              "  WARNING   Set b\n"
              "  off       Set d\n"
              "  ok        a is free\n");
    EXPECT_TRUE(any_hurts(findings));
    EXPECT_FALSE(any_hurts(Findings{{Severity::advice, "Set b"}}));
    EXPECT_EQ(findings_text({}), "");
}

TEST(Findings, LongTextGoesOnInTheNextLine) {
    const std::string first(99, 'a'), list(150, 'b');
    const Findings findings{{Severity::advice, first + " " + list + " c"}};
    EXPECT_EQ(findings_text(findings),
              "  WARNING   " + first + "\n            " + list + "\n            c\n");
}

}  // namespace
}  // namespace sluice::app
