#include "relay/recipient_cache.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace sluice::relay {
namespace {

const Instant start{Millis{1'000'000}};
const SharedAnswer known{.reply = {250, "2.1.5 Ok"}};
const SharedAnswer unknown{.reply = {550, "5.1.1 User unknown"}};

RecipientCache cache_of(std::size_t entries_max) {
    return {entries_max, Seconds{100}, Seconds{10}, {1, 2}};
}

TEST(KeyedHash, IsSipHash13) {
    // From the reference implementation with key 00..0f: inputs of 0, 1, 8 and 15 octets 00, 01, …
    const KeyedHash hash({0x0706050403020100U, 0x0f0e0d0c0b0a0908U});
    std::string input;
    const auto hash_of = [&](std::size_t octets) {
        input.clear();
        for (std::size_t i = 0; i < octets; ++i)
            input += static_cast<char>(i);
        return hash(input);
    };
    EXPECT_EQ(hash_of(0), 0xabac0158050fc4dcU);
    EXPECT_EQ(hash_of(1), 0xc9f49bf37d57ca93U);
    EXPECT_EQ(hash_of(8), 0x369095118d299a8eU);
    EXPECT_EQ(hash_of(15), 0xd320d86d2a519956U);
}

TEST(RecipientKey, FoldsTheDomainOnly) {
    const std::vector<std::pair<std::string_view, std::string_view>> table{
        {"User@Example.ORG", "User@example.org"},
        {"Postmaster", "Postmaster"},
        {"\"A@B\"@C.example", "\"A@B\"@c.example"},
        {"a@[IPv6:2001:DB8::1]", "a@[ipv6:2001:db8::1]"},
        {"", ""}};
    std::string key = "left over";
    for (const auto& [address, expected] : table) {
        write_recipient_key(address, key);
        EXPECT_EQ(key, expected);
    }
}

TEST(RecipientCache, RemembersForItsTime) {
    RecipientCache cache = cache_of(10);
    cache.put("a", known, start);
    cache.put("b", unknown, start);
    ASSERT_NE(cache.find("a", start + Millis{99'999}), nullptr);
    EXPECT_EQ(*cache.find("a", start + Millis{99'999}), known);
    EXPECT_EQ(cache.find("a", start + Millis{100'000}), nullptr);
    ASSERT_NE(cache.find("b", start + Millis{9'999}), nullptr);
    EXPECT_EQ(*cache.find("b", start + Millis{9'999}), unknown);
    EXPECT_EQ(cache.find("b", start + Millis{10'000}), nullptr);
    EXPECT_EQ(cache.size(), 0U);
}

TEST(RecipientKey, OfOneClientIsNoOthersAndNoRecipients) {
    std::string one;
    std::string other;
    write_own_key("a@example.org", "192.0.2.0", one);
    write_own_key("a@example.org", "=192.0.2.0", other);
    EXPECT_NE(one, other);
    EXPECT_EQ(one.front(), ' ');
}

TEST(RecipientCache, ADisputeLastsADay) {
    RecipientCache cache = cache_of(10);
    cache.put("a", {.standing = Standing::disputed}, start);
    EXPECT_NE(cache.find("a", start + Seconds{24 * 3600 - 1}), nullptr);
    EXPECT_EQ(cache.find("a", start + Seconds{24 * 3600}), nullptr);
    RecipientCache nothing(10, Seconds{0}, Seconds{0}, {});
    nothing.put("a", {.standing = Standing::disputed}, start);
    EXPECT_EQ(nothing.size(), 0U);
}

TEST(RecipientCache, ReplacesAndForgets) {
    RecipientCache cache = cache_of(10);
    cache.put("a", known, start);
    cache.put("a", unknown, start);
    EXPECT_EQ(*cache.find("a", start), unknown);
    EXPECT_EQ(cache.size(), 1U);
    cache.erase("a");
    cache.erase("never there");
    EXPECT_EQ(cache.find("a", start), nullptr);
    cache.put("b", known, start);
    cache.clear();
    EXPECT_EQ(cache.size(), 0U);
    cache.put("c", known, start);
    EXPECT_NE(cache.find("c", start), nullptr);
}

TEST(RecipientCache, DropsWhatWasNotAskedForLongest) {
    RecipientCache cache = cache_of(3);
    cache.put("a", known, start);
    cache.put("b", known, start);
    cache.put("c", known, start);
    EXPECT_EQ(cache.size(), 3U);
    EXPECT_NE(cache.find("a", start + Seconds{20}), nullptr);
    cache.put("d", known, start + Seconds{20});
    EXPECT_EQ(cache.size(), 3U);
    EXPECT_NE(cache.find("a", start + Seconds{20}), nullptr);
    EXPECT_EQ(cache.find("b", start + Seconds{20}), nullptr);
    EXPECT_NE(cache.find("c", start + Seconds{20}), nullptr);
}

TEST(RecipientCache, StaysBoundedUnderAFloodOfGuesses) {
    RecipientCache cache = cache_of(100);
    for (int i = 0; i < 10'000; ++i)
        cache.put("guess" + std::to_string(i) + "@example.org", unknown, start + Millis{i});
    EXPECT_EQ(cache.size(), 100U);
    EXPECT_NE(cache.find("guess9999@example.org", start + Seconds{10}), nullptr);
}

TEST(RecipientCache, KeepsNothingWithoutTtlOrRoom) {
    RecipientCache no_positive(10, Seconds{0}, Seconds{10}, {});
    no_positive.put("a", known, start);
    no_positive.put("b", unknown, start);
    EXPECT_EQ(no_positive.find("a", start), nullptr);
    EXPECT_NE(no_positive.find("b", start), nullptr);
    // An answer that is not kept must still remove the older one.
    no_positive.put("b", known, start);
    EXPECT_EQ(no_positive.find("b", start), nullptr);
    RecipientCache no_room(0, Seconds{10}, Seconds{10}, {});
    no_room.put("a", known, start);
    EXPECT_EQ(no_room.size(), 0U);
}

}  // namespace
}  // namespace sluice::relay
