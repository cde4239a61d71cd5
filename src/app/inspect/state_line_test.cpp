#include "app/inspect/state_line.hpp"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
using store::Verb;

store::Outcome value(std::string key, std::string text, Seconds left = 0s) {
    return {.found = true,
            .key = std::move(key),
            .value = std::move(text),
            .age = 5s,
            .left = left,
            .kind = Verb::put};
}

TEST(StateLine, OfAValue) {
    const auto record = value("act/192.0.2.0/24", "reject root \"spam\" \xc3\xa4", 60s);
    EXPECT_EQ(state_line(record),
              R"({"key":"act/192.0.2.0/24","kind":"value",)"
              "\"value\":\"reject root \\\"spam\\\" \xc3\xa4\",\"age_s\":5,\"left_s\":60}");
    EXPECT_EQ(read_state_line(state_line(record)),
              (store::Operation{.verb = Verb::put, .key = record.key, .value = record.value, .term = 60s}));
}

TEST(StateLine, OfEvidence) {
    const store::Outcome record{.key = "reputation/192.0.2.7",
                                .good = 0.1,
                                .bad = 1e6,
                                .left = 90s,
                                .kind = Verb::weigh,
                                .term = 604'800s};
    EXPECT_EQ(read_state_line(state_line(record)),
              (store::Operation{
                  .verb = Verb::weigh, .key = record.key, .term = 604'800s, .good = 0.1, .bad = 1e6}));
}

TEST(StateLine, OfCounts) {
    const store::Outcome record{.key = "rate/all",
                                .counts = {1, 0, 4'294'967'295, 0, 0, 6},
                                .left = 9s,
                                .kind = Verb::count,
                                .term = 60s};
    EXPECT_NE(state_line(record).find(R"("counts":[1,0,4294967295,0,0,6],"window_s":60)"), std::string::npos);
    EXPECT_EQ(
        read_state_line(state_line(record)),
        (store::Operation{.verb = Verb::count, .key = "rate/all", .term = 60s, .counts = record.counts}));
}

TEST(StateLine, OctetsThatAreNotUtf8ComeBack) {
    std::string octets;
    for (int i = 0; i < 256; ++i)
        octets += static_cast<char>(i);
    const auto record = value("recipient/\xff", octets);
    const std::string line = state_line(record);
    EXPECT_NE(line.find(R"("key_hex":"726563697069656E742FFF")"), std::string::npos);
    const auto read = read_state_line(line);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->key, record.key);
    EXPECT_EQ(read->value, octets);
}

TEST(StateLine, WhatIsNoneIsRefused) {
    const std::string long_key(store::key_octets_max + 1, 'k');
    for (const std::string& line : std::initializer_list<std::string>{
             "",
             "x",
             "[]",
             "{}",
             R"({"key":"a"})",
             R"({"key":1,"kind":"value","value":"","left_s":0})",
             R"({"key":"a","kind":"song","value":"","left_s":0})",
             R"({"key":"a","kind":"value","value":"","left_s":-1})",
             R"({"key":"a","kind":"value","value":"","left_s":1.5})",
             R"({"key":"a","kind":"value","value":"","left_s":1e300})",
             R"({"key":"a","kind":"value","value_hex":"1","left_s":0})",
             R"({"key":"a","kind":"value","value_hex":"zz","left_s":0})",
             R"({"key":"","kind":"value","value":"","left_s":0})",
             R"({"key":"command/x","kind":"value","value":"","left_s":0})",
             R"({"key":")" + long_key + R"(","kind":"value","value":"","left_s":0})",
             R"({"key":"a","kind":"evidence","good":-1,"bad":0,"half_life_s":1})",
             R"({"key":"a","kind":"evidence","good":1e7,"bad":0,"half_life_s":1})",
             R"({"key":"a","kind":"evidence","good":"1","bad":0,"half_life_s":1})",
             R"({"key":"a","kind":"counts","counts":[1],"window_s":1})",
             R"({"key":"a","kind":"counts","counts":[1,2,3,4,5,-6],"window_s":1})",
             R"({"key":"a","kind":"value","value":"","left_s":0} x)"})
        EXPECT_FALSE(read_state_line(line)) << line;
    EXPECT_EQ(read_state_line(R"({"key":"a","kind":"value","value":""})").error(), "left_s is missing");
}

}  // namespace
}  // namespace sluice::app
