#include "app/inspect/lists_text.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

#include "policy/known_lists.hpp"

namespace sluice::app {
namespace {

using testing::HasSubstr;

TEST(KnownListsText, IsTheGuide) {
    std::ifstream in(SLUICE_DOCS "/guide/lists.md", std::ios::binary);
    const std::string guide{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(guide, known_lists_guide()) << "sluice lists --print-guide > docs/guide/lists.md";
}

TEST(KnownListsText, NamesEachZoneItsCodesAndWhereTheyAreFrom) {
    const std::string text = known_lists_text();
    for (const policy::KnownList& list : policy::known_lists()) {
        EXPECT_THAT(text, HasSubstr(list.zone));
        EXPECT_THAT(text, HasSubstr(list.source));
        for (const policy::KnownCode& code : list.codes)
            EXPECT_THAT(text, HasSubstr(code.words));
    }
    EXPECT_THAT(text, HasSubstr("  127.0.*.255       error  over quota\n"));
    EXPECT_THAT(text, HasSubstr("  127.0.0.18           -5  H3: good reputation\n"));
    EXPECT_THAT(text, HasSubstr("KEY.zen.dq.spamhaus.net  (policy.dnsbl)\n"));
}

}  // namespace
}  // namespace sluice::app
