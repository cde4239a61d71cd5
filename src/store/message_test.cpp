#include "store/message.hpp"

#include <gtest/gtest.h>
#include <limits>

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

Operations one_of_each() {
    return {{.verb = Verb::get, .key = "a/1"},
            {.verb = Verb::put, .key = "a/2", .value = std::string("x\0y", 3), .term = 60s},
            {.verb = Verb::add, .key = "a/3", .value = "", .term = 0s},
            {.verb = Verb::erase, .key = "a/4"},
            {.verb = Verb::weigh, .key = "a/5", .term = 3600s, .good = 0.5, .bad = 2},
            {.verb = Verb::count, .key = "a/6", .term = 60s, .counts = {1, 2, 3, 4, 5, 6}},
            {.verb = Verb::hold, .key = "a/7", .amount = -1},
            {.verb = Verb::list, .key = "", .value = "a/3", .amount = 20}};
}

Outcomes some_outcomes() {
    return {{},
            {.found = true, .value = "x", .age = 5s, .left = 10s},
            {.found = true, .good = 0.25, .bad = 1e5, .kind = Verb::weigh, .term = 60s},
            {.found = true, .key = "a/1", .counts = {1, 0, 0, 0, 0, 9}}};
}

std::string_view body_of(const std::string& frame) {
    std::string_view input = frame;
    return take_frame(input).body;
}

TEST(Message, QueryComesBack) {
    ASSERT_EQ(one_of_each().size(), verbs);
    std::string out = "before";
    append_query(out, 7, one_of_each());
    std::string_view input = std::string_view(out).substr(6);
    const Frame frame = take_frame(input);
    ASSERT_EQ(frame.status, Frame::Status::whole);
    EXPECT_TRUE(input.empty());
    EXPECT_EQ(decode_query(frame.body), (Query{.number = 7, .operations = one_of_each()}));
}

TEST(Message, ResponseComesBack) {
    const Response response{.number = 9, .done = true, .acts = 3, .outcomes = some_outcomes()};
    std::string out;
    append_response(out, response);
    EXPECT_EQ(decode_response(body_of(out)), response);
    std::string failed;
    append_response(failed, {.number = 1, .done = false, .acts = 0, .outcomes = {}, .why = "it is full"});
    EXPECT_EQ(decode_response(body_of(failed))->done, false);
    EXPECT_EQ(decode_response(body_of(failed))->why, "it is full");
}

TEST(Message, LongReasonIsCut) {
    for (const std::size_t size : {why_octets_max, why_octets_max + 1}) {
        std::string failed;
        append_response(failed, {.number = 1, .done = false, .outcomes = {}, .why = std::string(size, 'w')});
        const auto response = decode_response(body_of(failed));
        ASSERT_TRUE(response);
        EXPECT_EQ(response->why, std::string(why_octets_max, 'w'));
    }
}

TEST(Message, FramesComeOneByOneHoweverTheyAreCut) {
    std::string out;
    append_query(out, 1, one_of_each());
    append_query(out, 2, {});
    for (std::size_t size = 0; size <= out.size(); ++size) {
        std::string_view input = std::string_view(out).substr(0, size);
        unsigned frames = 0;
        while (take_frame(input).status == Frame::Status::whole)
            ++frames;
        EXPECT_EQ(frames, size == out.size() ? 2U : size > out.size() - 9 ? 1U : frames) << size;
        EXPECT_EQ(take_frame(input).status, Frame::Status::more);
    }
}

TEST(Message, LengthsAreNotBelieved) {
    std::string too_long("\xff\xff\xff\x7f", 4), nothing(4, '\0');
    for (std::string_view input : {std::string_view(too_long), std::string_view(nothing)})
        EXPECT_EQ(take_frame(input).status, Frame::Status::bad);
}

TEST(Message, WhatIsCutOrLongerIsNeither) {
    std::string query, response;
    append_query(query, 7, one_of_each());
    append_response(response, {.number = 9, .done = true, .acts = 3, .outcomes = some_outcomes()});
    const std::string asked(body_of(query)), answered(body_of(response));
    for (std::size_t size = 0; size < asked.size(); ++size)
        EXPECT_FALSE(decode_query(std::string_view(asked).substr(0, size))) << size;
    for (std::size_t size = 0; size < answered.size(); ++size)
        EXPECT_FALSE(decode_response(std::string_view(answered).substr(0, size))) << size;
    EXPECT_FALSE(decode_query(asked + "x"));
    EXPECT_FALSE(decode_response(answered + "x"));
}

TEST(Message, OperationsThatWouldSpoilOthersAreRefused) {
    const auto decodes = [](const Operation& operation) {
        std::string out;
        append_query(out, 1, std::span(&operation, 1));
        return decode_query(body_of(out)).has_value();
    };
    const Operation good{
        .verb = Verb::weigh, .key = std::string(key_octets_max, 'k'), .term = 60s, .good = 1e6};
    EXPECT_TRUE(decodes(good));
    const auto but = [&](auto change) {
        Operation other = good;
        change(other);
        return decodes(other);
    };
    EXPECT_FALSE(but([](Operation& o) { o.key += 'k'; }));
    EXPECT_FALSE(but([](Operation& o) { o.key.clear(); }));
    EXPECT_TRUE(but([](Operation& o) { o.bad = 1e6; }));          // evidence_max, as `good` has it
    EXPECT_FALSE(but([](Operation& o) { o.good = 1e6 + 1; }));    // evidence_max
    EXPECT_FALSE(but([](Operation& o) { o.bad = 1e6 + 1e-9; }));  // evidence_max
    EXPECT_FALSE(but([](Operation& o) { o.bad = -1; }));
    EXPECT_FALSE(but([](Operation& o) { o.bad = std::numeric_limits<double>::quiet_NaN(); }));
    EXPECT_FALSE(but([](Operation& o) { o.term = -1s; }));
    static constexpr Seconds ten_years = 24h * 366 * 10;  // term_max
    EXPECT_TRUE(but([](Operation& o) { o.term = ten_years; }));
    EXPECT_FALSE(but([](Operation& o) { o.term = ten_years + 1s; }));
    EXPECT_FALSE(but([](Operation& o) { o.term = Seconds::max(); }));
    EXPECT_FALSE(but([](Operation& o) { o.verb = static_cast<Verb>(verbs); }));
    const Operation value{.verb = Verb::put, .key = "k", .value = std::string(value_octets_max, 'v')};
    EXPECT_TRUE(decodes(value));
    Operation longer = value;
    longer.value += 'v';
    EXPECT_FALSE(decodes(longer));
}

TEST(Message, OperationsOfAQuestionAreBounded) {
    std::string out, more;
    append_query(out, 1, Operations(operations_max, Operation{.key = "k"}));
    append_query(more, 1, Operations(operations_max + 1, Operation{.key = "k"}));
    EXPECT_TRUE(decode_query(body_of(out)));
    EXPECT_FALSE(decode_query(body_of(more)));
}

}  // namespace
}  // namespace sluice::store
