#include "sink/recipients.hpp"

#include <gtest/gtest.h>

namespace sluice::sink {
namespace {

TEST(Recipients, WithoutAListEverybodyExists) {
    EXPECT_TRUE(Recipients().contains("anyone@anywhere"));
}

TEST(Recipients, OnlyWhoIsListed) {
    const Recipients listed("# people\nUser@Example.org\r\n\n  other@example.org  # comment\n@whole.example");
    EXPECT_TRUE(listed.contains("user@example.org"));
    EXPECT_TRUE(listed.contains("USER@EXAMPLE.ORG"));
    EXPECT_TRUE(listed.contains("other@example.org"));
    EXPECT_TRUE(listed.contains("whoever@whole.example"));
    EXPECT_FALSE(listed.contains("third@example.org"));
    EXPECT_FALSE(listed.contains("user@example.com"));
    EXPECT_FALSE(listed.contains("user"));
    EXPECT_FALSE(listed.contains("people"));
}

TEST(Recipients, AnEmptyListIsNobodyButThePostmaster) {
    const Recipients nobody("");
    EXPECT_FALSE(nobody.contains("user@example.org"));
    EXPECT_TRUE(nobody.contains("postmaster"));
    EXPECT_TRUE(nobody.contains("Postmaster@example.org"));
    EXPECT_FALSE(nobody.contains("postmasters@example.org"));
}

}  // namespace
}  // namespace sluice::sink
