#include "relay/recipient_operations.hpp"

#include <gtest/gtest.h>
#include <string>

namespace sluice::relay {
namespace {

constexpr Seconds positive_ttl{3600};
constexpr Seconds negative_ttl{900};

const smtp::Reply known{250, "2.1.5 Ok"};
const smtp::Reply unknown{550, "5.1.1 User unknown\n5.1.1 Really"};

store::Outcome kept(std::string value, Seconds age = Seconds{0}, Seconds left = Seconds{0}) {
    return {.found = true, .value = std::move(value), .age = age, .left = left, .kind = store::Verb::put};
}

std::optional<SharedAnswer> read(const store::Outcome& outcome) {
    return read_recipient(outcome, positive_ttl, negative_ttl);
}

TEST(RecipientOperations, WhatIsToldIsWhatIsRead) {
    for (const smtp::Reply& reply : {known, unknown}) {
        const auto told = recipient_told("a@example.net", reply, positive_ttl);
        ASSERT_TRUE(told);
        EXPECT_EQ(told->verb, store::Verb::put);
        EXPECT_EQ(told->key, "recipient/a@example.net");
        EXPECT_EQ(told->term, positive_ttl);
        const auto found = read(kept(told->value));
        ASSERT_TRUE(found);
        EXPECT_EQ(found->reply, reply);
    }
    EXPECT_EQ(recipient_question("a@example.net")->key, "recipient/a@example.net");
    EXPECT_EQ(recipient_question("a@example.net")->verb, store::Verb::get);
    EXPECT_EQ(recipient_forgotten("a@example.net")->verb, store::Verb::erase);
}

TEST(RecipientOperations, OnlyWhatIsAboutTheAddressAloneIsToldOrBelieved) {
    for (const auto& [code, text] : {std::pair{450, "4.2.0 Later"},
                                     {554, "5.7.1 Client host rejected"},
                                     {550, "No"},
                                     {251, "2.1.5 Forwarded"},
                                     {421, "4.3.2 Bye"}}) {
        EXPECT_FALSE(recipient_told("a@example.net", {code, text}, positive_ttl)) << code;
        EXPECT_FALSE(read(kept(std::to_string(code) + " " + text))) << code;
    }
}

TEST(RecipientOperations, WhatIsNoReplyIsNotBelieved) {
    for (const char* value : {"", "2", "250", "250-2.1.5 Ok", "2500 Ok", "25 Ok", "-25 Ok", " 250 Ok", "Ok"})
        EXPECT_FALSE(read(kept(value))) << value;
    EXPECT_FALSE(read({}));
    EXPECT_TRUE(read(kept("250 ")));
}

TEST(RecipientOperations, NothingIsKeptForEver) {
    EXPECT_FALSE(recipient_told("a@example.net", known, Seconds{0}));
}

TEST(RecipientOperations, NothingIsTooLong) {
    const std::string space = "recipient/";
    const std::string longest(store::key_octets_max - space.size(), 'a');
    EXPECT_TRUE(recipient_question(longest));
    EXPECT_TRUE(recipient_told(longest, known, positive_ttl));
    EXPECT_TRUE(recipient_forgotten(longest));
    EXPECT_FALSE(recipient_question(longest + 'a'));
    EXPECT_FALSE(recipient_told(longest + 'a', known, positive_ttl));
    EXPECT_FALSE(recipient_forgotten(longest + 'a'));

    const std::string text(store::value_octets_max - 4, 'x');
    EXPECT_TRUE(recipient_told("a", {250, text}, positive_ttl));
    EXPECT_FALSE(recipient_told("a", {250, text + 'x'}, positive_ttl));
}

TEST(RecipientOperations, LivesAsLongAsIsLeftAndNoLongerThanHere) {
    struct Row {
        std::string value;
        int age, left, life;
    };
    for (const Row& row : {Row{"250 2.1.5 Ok", 100, 50, 50},
                           {"250 2.1.5 Ok", 3000, 5000, 600},
                           {"250 2.1.5 Ok", 100, 0, 3500},  // whoever has put it there
                           {"550 5.1.1 No", 100, 5000, 800}}) {
        const auto found = read(kept(row.value, Seconds{row.age}, Seconds{row.left}));
        ASSERT_TRUE(found) << row.value;
        EXPECT_EQ(found->life, Seconds{row.life}) << row.value << row.age;
    }
    EXPECT_FALSE(read(kept("250 2.1.5 Ok", positive_ttl, Seconds{100})));
    EXPECT_FALSE(read(kept("550 5.1.1 No", negative_ttl, Seconds{100})));
    EXPECT_FALSE(read_recipient(kept("250 2.1.5 Ok"), Seconds{0}, negative_ttl));
}

}  // namespace
}  // namespace sluice::relay
