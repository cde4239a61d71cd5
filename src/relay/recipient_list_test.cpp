#include "relay/recipient_list.hpp"

#include <gtest/gtest.h>

namespace sluice::relay {
namespace {

constexpr std::string_view file =
    "# people\r\n"
    "User@Example.org\r\n"
    "  a#b@example.org   # a comment\n"
    "\n"
    "@all.example\t# everybody\n"
    "no domain\n"
    "word\n"
    "nobody@\n"
    "last@example.org";

TEST(RecipientList, ReadsAddressesAndDomains) {
    const RecipientList list = RecipientList::parse(file);
    EXPECT_EQ(list.size(), 4U);
    EXPECT_EQ(list.lines_skipped(), 3U);
    for (const char* in : {"user@example.org", "USER@EXAMPLE.ORG", "a#b@example.org", "anyone@All.example",
                           "last@example.org", "postmaster", "PostMaster"}) {
        EXPECT_TRUE(list.contains(in)) << in;
    }
    for (const char* out : {"other@example.org", "user@sub.example.org", "x@sub.all.example", "user", "word",
                            "a@example.org", "", "@", "x@"}) {
        EXPECT_FALSE(list.contains(out)) << out;
    }
}

TEST(RecipientList, MayBeEmpty) {
    const RecipientList list = RecipientList::parse("");
    EXPECT_EQ(list.size(), 0U);
    EXPECT_FALSE(list.contains("a@b"));
}

}  // namespace
}  // namespace sluice::relay
