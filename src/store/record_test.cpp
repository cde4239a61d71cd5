#include "store/record.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr WallMillis start = 1'700'000'000'000;
WallMillis after(Millis passed) {
    return start + passed.count();
}

Operation put(std::string value, Seconds term) {
    return {.verb = Verb::put, .key = "a/k", .value = std::move(value), .term = term};
}
Operation add(std::string value, Seconds term) {
    return {.verb = Verb::add, .key = "a/k", .value = std::move(value), .term = term};
}
Operation weigh(double good, double bad) {
    return {.verb = Verb::weigh, .key = "a/k", .term = 100s, .good = good, .bad = bad};
}
Operation count(Counts counts) {
    return {.verb = Verb::count, .key = "a/k", .term = 100s, .counts = counts};
}
const Operation get{.verb = Verb::get, .key = "a/k"};
const Operation erase{.verb = Verb::erase, .key = "a/k"};

TEST(Record, ValueLivesForItsTerm) {
    std::optional<Record> record;
    EXPECT_FALSE(apply(get, record, start).found);
    EXPECT_FALSE(record);
    EXPECT_FALSE(apply(put("one", 10s), record, start).found);
    const Outcome there = apply(get, record, after(9'999ms));
    EXPECT_TRUE(there.found);
    EXPECT_EQ(there.value, "one");
    EXPECT_EQ(there.age, 9s);
    EXPECT_EQ(there.left, 1s);
    EXPECT_FALSE(apply(get, record, after(10s)).found);
    EXPECT_FALSE(record);
}

TEST(Record, ValueWithoutATermLivesForEver) {
    std::optional<Record> record;
    apply(put("one", 0s), record, start);
    const Outcome there = apply(get, record, after(std::chrono::hours{200'000}));
    EXPECT_TRUE(there.found);
    EXPECT_EQ(there.left, 0s);
}

TEST(Record, AddKeepsTheFirst) {
    std::optional<Record> record;
    const Outcome first = apply(add("one", 10s), record, start);
    EXPECT_FALSE(first.found);
    EXPECT_EQ(first.value, "one");
    const Outcome second = apply(add("two", 10s), record, after(5s));
    EXPECT_TRUE(second.found);
    EXPECT_EQ(second.value, "one");
    EXPECT_EQ(second.age, 5s);
    EXPECT_EQ(apply(add("three", 10s), record, after(10s)).value, "three");
    EXPECT_TRUE(apply(erase, record, after(11s)).found);
    EXPECT_FALSE(apply(erase, record, after(11s)).found);
}

TEST(Record, EvidenceDecaysByHalves) {
    std::optional<Record> record;
    EXPECT_FALSE(apply(weigh(0, 0), record, start).found);
    EXPECT_FALSE(record) << "looking makes no record";
    apply(weigh(4, 1), record, start);
    const Outcome now = apply(weigh(0, 0), record, after(100s));
    EXPECT_TRUE(now.found);
    EXPECT_DOUBLE_EQ(now.good, 2);
    EXPECT_DOUBLE_EQ(now.bad, 0.5);
    const Outcome more = apply(weigh(1, 0), record, after(100s));
    EXPECT_DOUBLE_EQ(more.good, 3);
    EXPECT_DOUBLE_EQ(more.bad, 0.5);
    EXPECT_EQ(more.age, 100s) << "of the first evidence";
    EXPECT_FALSE(apply(weigh(0, 0), record, after(100s + 1000s)).found) << "after ten half-lives";
}

TEST(Record, LookingLeavesEvidenceAsItIs) {
    std::optional<Record> record;
    apply(weigh(4, 1), record, start);
    const auto before = record;
    apply(weigh(0, 0), record, after(50s));
    EXPECT_EQ(record, before);
}

TEST(Record, ClockThatStepsBackMakesNothingYounger) {
    std::optional<Record> record;
    apply(weigh(4, 0), record, after(100s));
    EXPECT_DOUBLE_EQ(apply(weigh(0, 0), record, start).good, 4);
    EXPECT_DOUBLE_EQ(apply(weigh(1, 0), record, start).good, 5);
    EXPECT_DOUBLE_EQ(apply(weigh(0, 0), record, after(200s)).good, 2.5);
    std::optional<Record> window;
    apply(count({1}), window, after(100s));
    EXPECT_EQ(apply(count({1}), window, start).counts[0], 2U);
}

TEST(Record, WindowSlidesInHalves) {
    std::optional<Record> record;
    EXPECT_EQ(apply(count({1, 5}), record, start).counts, (Counts{1, 5}));
    EXPECT_EQ(apply(count({1}), record, after(60s)).counts, (Counts{2, 5}));
    struct Case {
        Seconds passed;
        Counts counts;
    };
    for (const Case& c : {Case{60s, {2, 5}}, Case{99s, {2, 5}}, Case{100s, {1, 0}}, Case{149s, {1, 0}}})
        EXPECT_EQ(apply(count({}), record, after(c.passed)).counts, c.counts) << c.passed.count();
    EXPECT_FALSE(apply(count({}), record, after(160s)).found);
}

TEST(Record, CountsDoNotOverflow) {
    constexpr auto most = std::numeric_limits<std::uint32_t>::max();
    std::optional<Record> record;
    apply(count({most - 1}), record, start);
    EXPECT_EQ(apply(count({5}), record, start).counts[0], most);
}

TEST(Record, AnotherKindReplaces) {
    std::optional<Record> record;
    apply(put("one", 0s), record, start);
    EXPECT_FALSE(apply(weigh(0, 0), record, start).found);
    EXPECT_TRUE(apply(get, record, start).found) << "looking for another kind changes nothing";
    EXPECT_FALSE(apply(weigh(1, 0), record, start).found);
    EXPECT_FALSE(apply(get, record, start).found);
    EXPECT_FALSE(apply(count({1}), record, start).found);
    EXPECT_EQ(apply(count({1}), record, start).counts[0], 2U);
}

TEST(Record, WhatAListShowsMakesTheRecordAnew) {
    for (const Operation& made : {put("one", 10s), put("", 0s), weigh(0.25, 3), count({1, 2, 3, 4, 5, 6})}) {
        std::optional<Record> record, again;
        apply(made, record, start);
        const Outcome shown = describe("a/k", *record, start);
        EXPECT_EQ(shown.kind, made.verb);
        apply({.verb = shown.kind,
               .key = shown.key,
               .value = shown.value,
               .term = shown.kind == Verb::put ? shown.left : shown.term,
               .good = shown.good,
               .bad = shown.bad,
               .counts = shown.counts},
              again, start);
        EXPECT_EQ(again, record);
    }
}

TEST(Record, ComesBackFromOctets) {
    std::vector<std::optional<Record>> records(4);
    apply(put(std::string("a\0b\n", 4), 10s), records[0], start);
    apply(put("", 0s), records[1], start);
    apply(weigh(0.25, 3), records[2], start);
    apply(count({1, 2, 3, 4, 5, 6}), records[3], start);
    apply(count({1}), records[3], after(60s));
    for (const auto& record : records) {
        const std::string octets = encode(*record);
        EXPECT_EQ(decode_record(octets), record);
        for (std::size_t size = 0; size < octets.size(); ++size)
            EXPECT_FALSE(decode_record(std::string_view(octets).substr(0, size))) << size;
        EXPECT_FALSE(decode_record(octets + "x"));
    }
    EXPECT_FALSE(decode_record("?" + encode(*records[0]).substr(1)));
}

TEST(Record, NumbersThatAreNoneAreNoRecord) {
    std::optional<Record> record;
    apply(weigh(1, 1), record, start);
    std::get<Evidence>(record->content).good = std::numeric_limits<double>::quiet_NaN();
    EXPECT_FALSE(decode_record(encode(*record)));
}

TEST(Record, StrangersAreWorthLeast) {
    std::optional<Record> stranger, regular, sender, block, act;
    apply(count({1}), stranger, start);
    apply(count({1, 40, 40}), regular, start);
    apply(weigh(20, 0), sender, start);
    apply(put("", 600s), block, start);
    apply(put("", 0s), act, start);
    EXPECT_LT(worth(*stranger, start), worth(*regular, start));
    EXPECT_LT(worth(*stranger, start), worth(*sender, start));
    EXPECT_LT(worth(*block, start), worth(*sender, start));
    EXPECT_LT(worth(*sender, start), worth(*act, start));
    EXPECT_EQ(worth(*block, after(600s)), 0);
    EXPECT_LT(worth(*sender, after(500s)), worth(*sender, start));
}

}  // namespace
}  // namespace sluice::store
