#include "relay/recipient_operations.hpp"

#include <gtest/gtest.h>
#include <string>

namespace sluice::relay {
namespace {

constexpr Seconds positive_ttl{3600};
constexpr Seconds negative_ttl{900};

const SharedAnswer known{.standing = Standing::heard, .heard_by = "192.0.2.0", .reply = {250, "2.1.5 Ok"}};
const SharedAnswer unknown{.standing = Standing::confirmed,
                           .reply = {550, "5.1.1 User unknown\n5.1.1 Really"}};
const SharedAnswer own{
    .standing = Standing::own, .heard_by = "=2001:db8::1", .reply = {550, "5.1.1 User unknown"}};
const SharedAnswer disputed{.standing = Standing::disputed};

SharedAnswer saying(int code, std::string_view text) {
    return {.standing = Standing::confirmed, .reply = {code, std::string(text)}};
}

store::Outcome kept(std::string value, Seconds age = Seconds{0}, Seconds left = Seconds{0}) {
    return {.found = true, .value = std::move(value), .age = age, .left = left, .kind = store::Verb::put};
}

std::optional<Recalled> read(const store::Outcome& outcome) {
    return read_recipient(outcome, positive_ttl, negative_ttl);
}

TEST(RecipientOperations, WhatIsToldIsWhatIsRead) {
    for (const SharedAnswer& answer : {known, unknown, own, disputed}) {
        const auto told = recipient_told("a@example.net", answer, positive_ttl);
        ASSERT_TRUE(told);
        EXPECT_EQ(told->verb, store::Verb::put);
        EXPECT_EQ(told->key, "recipient/a@example.net");
        EXPECT_EQ(told->term, positive_ttl);
        const auto found = read(kept(told->value));
        ASSERT_TRUE(found);
        EXPECT_EQ(found->answer, answer);
    }
    EXPECT_EQ(recipient_question("a@example.net")->key, "recipient/a@example.net");
    EXPECT_EQ(recipient_question("a@example.net")->verb, store::Verb::get);
}

TEST(RecipientOperations, OnlyWhatIsAboutTheAddressAloneIsToldOrBelieved) {
    for (const auto& [code, text] : {std::pair{450, "4.2.0 Later"},
                                     {554, "5.7.1 Client host rejected"},
                                     {550, "No"},
                                     {251, "2.1.5 Forwarded"},
                                     {421, "4.3.2 Bye"}}) {
        EXPECT_FALSE(recipient_told("a@example.net", saying(code, text), positive_ttl)) << code;
        EXPECT_FALSE(read(kept("confirmed - " + std::to_string(code) + " " + text))) << code;
    }
}

TEST(RecipientOperations, WhatIsNoReplyIsNotBelieved) {
    for (const std::string value :
         {"", "2", "250", "250-2.1.5 Ok", "2500 Ok", "25 Ok", "-25 Ok", " 250 Ok", "Ok"})
        EXPECT_FALSE(read(kept("confirmed - " + value))) << value;
    for (const char* value :
         {"", "confirmed", "confirmed -", "confirmed 250 Ok", "else - 250 Ok", "CONFIRMED - 250 Ok"})
        EXPECT_FALSE(read(kept(value))) << value;
    EXPECT_FALSE(read({}));
    EXPECT_TRUE(read(kept("confirmed - 250 ")));
}

TEST(RecipientOperations, WhatVersion010HasKeptIsNobodysAnswer) {
    EXPECT_FALSE(read(kept("250 2.1.5 Ok")));
    EXPECT_FALSE(read(kept("550 5.1.1 User unknown")));
}

TEST(RecipientOperations, NothingIsKeptForEver) {
    EXPECT_FALSE(recipient_told("a@example.net", known, Seconds{0}));
}

TEST(RecipientOperations, NothingIsTooLong) {
    const std::string space = "recipient/";
    const std::string longest(store::key_octets_max - space.size(), 'a');
    EXPECT_TRUE(recipient_question(longest));
    EXPECT_TRUE(recipient_told(longest, known, positive_ttl));
    EXPECT_FALSE(recipient_question(longest + 'a'));
    EXPECT_FALSE(recipient_told(longest + 'a', known, positive_ttl));

    const std::string text(store::value_octets_max - std::string_view("confirmed - 250 ").size(), 'x');
    EXPECT_TRUE(recipient_told("a", saying(250, text), positive_ttl));
    EXPECT_FALSE(recipient_told("a", saying(250, text + 'x'), positive_ttl));
}

TEST(RecipientOperations, LivesAsLongAsIsLeftAndNoLongerThanHere) {
    struct Row {
        std::string value;
        int age, left, life;
    };
    for (const Row& row : {Row{"confirmed - 250 2.1.5 Ok", 100, 50, 50},
                           {"confirmed - 250 2.1.5 Ok", 3000, 5000, 600},
                           {"confirmed - 250 2.1.5 Ok", 100, 0, 3500},  // whichever process stored it
                           {"heard 192.0.2.0 550 5.1.1 No", 100, 5000, 800},
                           {"disputed - 0 ", 100, 5000, 5000},
                           {"disputed - 0 ", 86'000, 5000, 400}}) {
        const auto found = read(kept(row.value, Seconds{row.age}, Seconds{row.left}));
        ASSERT_TRUE(found) << row.value;
        EXPECT_EQ(found->life, Seconds{row.life}) << row.value << row.age;
    }
    EXPECT_FALSE(read(kept("confirmed - 250 2.1.5 Ok", positive_ttl, Seconds{100})));
    EXPECT_FALSE(read(kept("confirmed - 550 5.1.1 No", negative_ttl, Seconds{100})));
    EXPECT_FALSE(read_recipient(kept("confirmed - 250 2.1.5 Ok"), Seconds{0}, negative_ttl));
}

}  // namespace
}  // namespace sluice::relay
