#include "policy/trap_recipients.hpp"

#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

TEST(TrapRecipients, AddressesAndWholeDomains) {
    TrapRecipients traps;
    EXPECT_TRUE(traps.empty());
    EXPECT_FALSE(traps.contains("a@example.org"));
    EXPECT_TRUE(traps.add("Old.List@Example.org"));
    EXPECT_TRUE(traps.add("@trap.example"));
    EXPECT_FALSE(traps.empty());
    for (const char* named :
         {"old.list@example.org", "OLD.LIST@EXAMPLE.ORG", "any@trap.example", "x@y@TRAP.example"})
        EXPECT_TRUE(traps.contains(named)) << named;
    for (const char* named : {"list@example.org", "old.list@sub.example.org", "any@sub.trap.example",
                              "postmaster", "trap.example", ""})
        EXPECT_FALSE(traps.contains(named)) << named;
}

TEST(TrapRecipients, WhatIsNoAddressIsNotTaken) {
    TrapRecipients traps;
    for (const char* entry : {"", "@", "name", "name@", "a b@example.org", "<a@example.org>", "a@b\n"})
        EXPECT_FALSE(traps.add(entry)) << entry;
    EXPECT_TRUE(traps.empty());
}

}  // namespace
}  // namespace sluice::policy
