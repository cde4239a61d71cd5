#include "front/record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::front {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr WallTime noon{std::chrono::seconds{1'800'000'000}};

struct Lines : testing::Test {
    net::Endpoint client{*IpAddress::parse("192.0.2.7"), 4711};
    std::vector<policy::Signal> signals{{"dnsbl", "bl.example", "127.0.0.4", 3}};
    SessionFacts facts{.session = {"abc", 0x2f},
                       .client = client,
                       .name = "",
                       .helo = "mx.example",
                       .lane = policy::Lane::slow,
                       .score = 3,
                       .signals = signals,
                       .lasted = Millis{30'250},
                       .held = Millis{29'000}};
    std::string out;
};

TEST_F(Lines, ASessionThatLeftSaysWhereWhenAndWhy) {
    SessionRecord record;
    record.reach(Stage::greeting, Millis{6000});
    record.reach(Stage::helo, Millis{12'000});
    record.octets_in = 17;
    record.octets_out = 44;
    append_session_line(LogFormat::json, out, noon, facts, record);
    EXPECT_THAT(out, HasSubstr(R"("event":"session")"));
    EXPECT_THAT(out, HasSubstr(R"("session":"abc.2f")"));
    EXPECT_THAT(out, HasSubstr(R"("client":"192.0.2.7","port":4711)"));
    EXPECT_THAT(out, HasSubstr(R"("outcome":"left","stage":"helo","seconds":30.25,"held_s":29)"));
    EXPECT_THAT(out, HasSubstr(R"("octets_in":17,"octets_out":44)"));
    EXPECT_THAT(out, HasSubstr(R"({"signal":"dnsbl","what":"bl.example","value":"127.0.0.4","weight":3})"));
    EXPECT_THAT(out, HasSubstr(R"("reached_ms":{"greeting":6000,"helo":12000})"));
    EXPECT_EQ(out.back(), '\n');
}

TEST_F(Lines, WhereAClientIsFromIsToldWhereItIsKnown) {
    facts.place.asn = 4'294'967'295;
    append_session_line(LogFormat::json, out, noon, facts, SessionRecord{});
    EXPECT_THAT(out, HasSubstr(R"("lane":"slow","asn":4294967295,"outcome")"));
    out.clear();
    facts.place = {.country = {'D', 'E'}};
    append_session_line(LogFormat::json, out, noon, facts, SessionRecord{});
    EXPECT_THAT(out, HasSubstr(R"("lane":"slow","country":"DE","outcome")"));
}

TEST_F(Lines, WhatIsOnlyObservedIsMarked) {
    signals.push_back({"no_ptr", "", "", 2, false});
    facts.would_be = policy::Lane::fast;
    SessionRecord record;
    record.would_be_greylisted = true;
    append_session_line(LogFormat::json, out, noon, facts, record);
    EXPECT_THAT(out, HasSubstr(R"("lane":"slow","would_be":"fast","would_be_greylisted":true)"));
    EXPECT_THAT(out, HasSubstr(R"({"signal":"no_ptr","weight":2,"observed":true})"));
}

TEST_F(Lines, ASessionThatWeClosedSaysInWhatWords) {
    facts.outcome = Outcome::timed_out;
    facts.farewell = "421 4.4.2 Timeout exceeded\r\n";
    append_session_line(LogFormat::json, out, noon, facts, SessionRecord{});
    EXPECT_THAT(out, HasSubstr(R"("stage":"connect","code":421,"reply":"4.4.2 Timeout exceeded",)"));
    for (const char* broken : {"", "421", "421\r\n", "x"}) {
        out.clear();
        facts.farewell = broken;
        append_session_line(LogFormat::json, out, noon, facts, SessionRecord{});
        EXPECT_THAT(out, Not(HasSubstr("\"code\""))) << broken;
    }
}

TEST_F(Lines, OnlyTheFirstTimeAStageIsReachedCounts) {
    SessionRecord record;
    record.reach(Stage::mail, Millis{5});
    record.reach(Stage::rcpt, Millis{6});
    record.reach(Stage::mail, Millis{900});
    EXPECT_EQ(record.stage, Stage::rcpt) << "a second transaction does not take a session back";
    EXPECT_EQ(record.reached_ms.at(static_cast<std::size_t>(Stage::mail) - 1), 5U);
}

TEST_F(Lines, ATransactionNamesItsRecipientsAndTheMtasWord) {
    smtp::Envelope envelope{"a@x.example", "", {{"b@y.example", ""}, {"c@y.example", ""}}};
    TransactionRecord record;
    record.began = Instant{Millis{1000}};
    record.content_began = Instant{Millis{1500}};
    record.content_ended = Instant{Millis{1750}};
    record.recipients_refused = 1;
    record.refused.push_back({"nobody@y.example", 550, "cache", "", "5.1.1 Unknown"});
    const smtp::Answer answer{
        .reply = {250, "2.0.0 Ok: queued as 4F"}, .mta = "127.0.0.1:10025", .by = "mta"};
    append_transaction_line(
        LogFormat::json, out, noon, facts, envelope, record,
        {.outcome = "delivered", .answer = &answer, .octets = 4096, .now = Instant{Millis{1800}}});
    EXPECT_THAT(out, HasSubstr(R"("sender":"a@x.example","recipients":["b@y.example","c@y.example"])"));
    EXPECT_THAT(
        out,
        HasSubstr(
            R"("refused":[{"recipient":"nobody@y.example","code":550,"reply":"5.1.1 Unknown","by":"cache"}])"));
    EXPECT_THAT(out, HasSubstr(R"("outcome":"delivered","code":250,"reply":"2.0.0 Ok: queued as 4F")"));
    EXPECT_THAT(out, HasSubstr(R"("mta":"127.0.0.1:10025")"));
    EXPECT_THAT(out, HasSubstr(R"("seconds":{"envelope":0.5,"content":0.25,"delivery":0.05})"));
}

TEST_F(Lines, WhereOurWordsAreToldTheMtasAreNamed) {
    const smtp::Envelope envelope{"a@x.example", "", {{"b@y.example", ""}}};
    TransactionRecord record;
    record.recipients_refused = 1;
    record.refused.push_back({"c@y.example", 451, "mta", "501 5.5.4 Bad \"syntax\"\n(in reply to XCLIENT)"});
    const smtp::Answer answer{.reply = {451, "4.4.2 Lost the connection"},
                              .mta = "127.0.0.1:10025",
                              .by = "mta",
                              .mta_reply = "452 4.5.3 many (in reply to RCPT TO:<b@y.example>)"};
    append_transaction_line(LogFormat::json, out, noon, facts, envelope, record,
                            {.outcome = "deferred", .answer = &answer, .octets = 1, .now = Instant{}});
    EXPECT_THAT(out, HasSubstr(R"x("mta_reply":"501 5.5.4 Bad \"syntax\"\u000A(in reply to XCLIENT)"})x"));
    EXPECT_THAT(out, HasSubstr(R"("mta":"127.0.0.1:10025","mta_reply":"452 4.5.3 many (in reply to RCPT)"));
    EXPECT_EQ(std::ranges::count(out, '\n'), 1);
}

TEST_F(Lines, WhatAClientSaysCannotForgeAField) {
    facts.helo = "x\",\"lane\":\"fast";
    append_session_line(LogFormat::json, out, noon, facts, SessionRecord{});
    EXPECT_THAT(out, HasSubstr(R"("helo":"x\",\"lane\":\"fast","lane":"slow")"));

    out.clear();
    facts.helo = "x lane=fast\nforged";
    append_session_line(LogFormat::pretty, out, noon, facts, SessionRecord{});
    EXPECT_EQ(std::ranges::count(out, '\n'), 1);
    EXPECT_THAT(out, Not(HasSubstr("\nforged")));
}

}  // namespace
}  // namespace sluice::front
