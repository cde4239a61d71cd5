#include "app/inspect/log_story.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace sluice::app {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

const std::string who =
    R"("session":"w0.1","client":"192.0.2.7","port":4711,"name":"mx.example.org","helo":"other.example.net")";

std::string transaction(std::string_view time, std::string_view rest) {
    return fmt::format(R"({{"time":"{}","event":"transaction",{},"lane":"slow",{},"signals":[]}})", time, who,
                       rest);
}
std::string session(std::string_view rest) {
    return fmt::format(R"({{"time":"2026-11-30T12:00:00.000Z","event":"session",{},"lane":"slow",{}}})", who,
                       rest);
}

class Story : public testing::Test {
  protected:
    std::string of(std::string_view what, const std::vector<std::string>& lines, std::string since = "") {
        std::string text;
        auto query = LogQuery::parse(what);
        if (!query) return "no query";
        LogStory story(*std::move(query), std::move(since), [&](std::string_view more) { text += more; });
        for (const std::string& line : lines)
            story.take(line);
        story.finish();
        told_ = story.told();
        unreadable_ = story.unreadable();
        return text;
    }

    std::size_t told_ = 0;
    std::size_t unreadable_ = 0;
};

const std::string greylisted = transaction(
    "2026-11-30T11:00:00.000Z",
    R"("sender":"Alice@example.org","recipients":[],"recipients_refused":1,"refused":[{"recipient":"bob@example.net",)"
    R"("code":450,"reply":"4.7.1 Greylisted: not seen before","by":"greylist"}],"octets":0,"outcome":"greylisted")");
const std::string delivered = transaction(
    "2026-11-30T11:12:30.000Z",
    R"("sender":"alice@example.org","recipients":["bob@example.net"],"octets":512,"outcome":"delivered","code":250,)"
    R"("reply":"2.0.0 Ok: queued as ABC","mta":"127.0.0.1:10025")");

TEST_F(Story, AGreylistedMailThatCameAgain) {
    EXPECT_EQ(
        of("bob@example.net", {greylisted, delivered}),
        R"(2026-11-30 11:00:00 UTC  mx.example.org [192.0.2.7], which called itself other.example.net  (session w0.1)
    It was in the slow lane: nothing was noticed about it.
    It had a mail from <Alice@example.org>.
    <bob@example.net> was put off by Sluice's greylist: 450 4.7.1 Greylisted: not seen before.
    It ended as greylisted: The client was asked to come again in a while, and did not go on.

2026-11-30 11:12:30 UTC  mx.example.org [192.0.2.7], which called itself other.example.net  (session w0.1)
    It was in the slow lane: nothing was noticed about it.
    It had a mail from <alice@example.org>.
    For <bob@example.net> it was delivered: the MTA at 127.0.0.1:10025 answered 250 2.0.0 Ok: queued as ABC.
    Mail from this sender for <bob@example.net> had been put off 1 time before, first at 2026-11-30 11:00:00 UTC.

Found: 2 transactions, 1 of them delivered.
)");
}

TEST_F(Story, WhatIsNotAskedForMayEndTheWait) {
    const std::string for_two = transaction(
        "2026-11-30T11:00:00.000Z",
        R"("sender":"alice@example.org","recipients":["carol@example.net"],"recipients_refused":1,)"
        R"("refused":[{"recipient":"bob@example.net","code":450,"reply":"4.2.0 later","by":"mta"}],)"
        R"("octets":512,"outcome":"delivered","code":250,"reply":"2.0.0 Ok","mta":"127.0.0.1:10025")");
    EXPECT_THAT(of("carol@example.net", {for_two}), Not(HasSubstr("Not delivered"))) << "nobody asked of bob";
    EXPECT_THAT(of("alice@example.org", {for_two}), HasSubstr("Not delivered so far"));
    EXPECT_THAT(of("alice@example.org", {for_two, delivered}), Not(HasSubstr("Not delivered")));
    // A sender with a pool of machines: the next attempt comes from another client.
    std::string from_another = delivered;
    from_another.replace(from_another.find("192.0.2.7"), 9, "192.0.2.9");
    EXPECT_THAT(of("192.0.2.7", {greylisted}), HasSubstr("Not delivered so far"));
    EXPECT_THAT(of("192.0.2.7", {greylisted, from_another}), Not(HasSubstr("Not delivered")));
}

/// The line as it is of a bounce from this client.
std::string bounce(std::string text, std::string_view client, std::string_view name) {
    const std::string_view sender = text.contains("Alice@") ? "Alice@example.org" : "alice@example.org";
    text.erase(text.find(sender), sender.size());
    text.replace(text.find("mx.example.org"), 14, name);
    return text.replace(text.find("192.0.2.7"), 9, client);
}

/// Many clients send as "<>", and any client can use another's sender address.
TEST_F(Story, AMailThatOnlyHasTheSenderInCommon) {
    const std::string first = bounce(greylisted, "192.0.2.7", "");
    const std::string of_another = of("bob@example.net", {first, bounce(delivered, "192.0.3.7", "")});
    EXPECT_THAT(of_another, Not(HasSubstr("had been put off")));
    EXPECT_THAT(of_another, HasSubstr("Not delivered so far: from <> to <bob@example.net>, put off 1 time,"));
    std::string forged = greylisted;
    forged.replace(forged.find("192.0.2.7"), 9, "192.0.2.66");
    EXPECT_THAT(of("bob@example.net", {forged, delivered}),
                HasSubstr("Mail from this sender for <bob@example.net> had been put off"))
        << "which is true of its name, and of no letter";
}

/// A bounce comes again from wherever the greylist takes it for the same.
TEST_F(Story, ABounceThatCameAgainFromANeighbour) {
    struct Case {
        std::string_view first, first_name, again, again_name;
        bool same;
    };
    const Case cases[] = {
        {"192.0.2.7", "", "192.0.2.7", "", true},
        {"192.0.2.7", "", "192.0.2.200", "", true},
        {"192.0.2.7", "", "192.0.3.7", "", false},
        {"2001:db8::1", "", "2001:db8::ffff:2", "", true},
        {"2001:db8::1", "", "2001:db8:0:1::1", "", false},
        {"192.0.2.7", "mx1.example.org", "198.51.100.9", "MX2.example.org", true},
        {"192.0.2.7", "mx1.example.org", "192.0.2.8", "mx.example.net", false},
        {"192.0.2.7", "192-0-2-7.dynamic.example.org", "198.51.100.9", "198-51-100-9.dynamic.example.org",
         false},
        {"no address", "", "no address", "", true},
    };
    for (const Case& c : cases) {
        const std::string text = of("bob@example.net", {bounce(greylisted, c.first, c.first_name),
                                                        bounce(delivered, c.again, c.again_name)});
        EXPECT_EQ(text.contains("A bounce from this client or its neighbours for <bob@example.net> had been "
                                "put off 1 time before"),
                  c.same)
            << c.first << " " << c.again << " " << c.again_name;
        EXPECT_EQ(!text.contains("Not delivered so far"), c.same) << c.first << " " << c.again;
    }
}

TEST_F(Story, AMailThatIsAwaitedStill) {
    EXPECT_THAT(
        of("alice@example.org", {greylisted, greylisted}),
        EndsWith("Not delivered so far: from <alice@example.org> to <bob@example.net>, put off 2 times, "
                 "first at 2026-11-30 11:00:00 UTC.\n"));
}

TEST_F(Story, IsFoundByWhateverIsKnownOfIt) {
    for (const char* what :
         {"alice@example.org", "<ALICE@EXAMPLE.ORG>", "@example.org", "bob@example.net", "192.0.2.7",
          "192.0.2.0/24", "mx.example.org", "example.org", "OTHER.example.net"}) {
        of(what, {greylisted});
        EXPECT_EQ(told_, 1U) << what;
    }
    for (const char* what : {"lice@example.org", "@ample.org", "<>", "192.0.2.8", "198.51.100.0/24",
                             "2001:db8::/32", "ample.org", "w0.1"}) {
        EXPECT_EQ(of(what, {greylisted}), "Nothing is found.\n") << what;
    }
    of("<>", {transaction("2026-11-30T11:00:00.000Z", R"("sender":"","recipients":[],"outcome":"rset")")});
    EXPECT_EQ(told_, 1U);
    for (const char* nothing : {"", "192.0.2.0/99", "192.0.2.7/24"})
        EXPECT_FALSE(LogQuery::parse(nothing)) << nothing;
}

TEST_F(Story, OnlySinceThen) {
    EXPECT_THAT(of("bob@example.net", {greylisted, delivered}, "2026-11-30T11:10"),
                HasSubstr("Found: 1 transaction, 1 of"));
    EXPECT_EQ(of("bob@example.net", {greylisted, delivered}, "2026-12-01"), "Nothing is found.\n");
}

TEST_F(Story, WhatTheMtaHadSaidAndWhatWasNoticed) {
    const std::string text = of(
        "192.0.2.7",
        {R"({"time":"2026-11-30T11:00:00.000Z","event":"transaction",)" + who +
         R"(,"lane":"slow","would_be":"reject","sender":"","recipients":["b@example.net","c@example.net"],"outcome":"deferred",)"
         R"("untold":true,"code":451,"reply":"4.3.0 Try again","mta_reply":"421 too busy","signals":[{"signal":"dnsbl",)"
         R"("what":"bl.example","value":"127.0.0.2","weight":5},{"signal":"no_ptr","weight":2,"observed":true},{"signal":"known","weight":-1}]})"});
    EXPECT_THAT(text, HasSubstr("It was in the slow lane and would have been in the reject lane: dnsbl "
                                "bl.example 127.0.0.2 (+5), "
                                "no_ptr (only observed), known (-1).\n"));
    EXPECT_THAT(text, HasSubstr("from <> (a bounce).\n"));
    EXPECT_THAT(
        text,
        HasSubstr("For <b@example.net>, <c@example.net> it was put off: Sluice answered 451 4.3.0 Try again "
                  "(the MTA had said: 421 too busy). The client had gone before it could hear so.\n"));
}

TEST_F(Story, SoManyRecipientsAreNamedInOneSentence) {
    const auto told_of = [&](unsigned recipients) {
        std::string list;
        for (unsigned number = 1; number <= recipients; ++number)
            list += fmt::format(R"({}"b{}@example.net")", list.empty() ? "" : ",", number);
        return of("192.0.2.7",
                  {transaction("2026-11-30T11:00:00.000Z",
                               fmt::format(R"("sender":"a@example.org","recipients":[{}],"octets":1,)"
                                           R"("outcome":"delivered","code":250,"reply":"Ok","mta":"m")",
                                           list))});
    };
    EXPECT_THAT(told_of(20), HasSubstr("<b19@example.net>, <b20@example.net> it was"));  // named_max
    EXPECT_THAT(told_of(21), HasSubstr("<b20@example.net> and 1 other it was"));
}

TEST_F(Story, WhatOnlyTheGreylistWouldHaveStopped) {
    std::string observed = delivered;
    observed.replace(observed.find(R"("lane":"slow")"), 13,
                     R"("lane":"fast","would_be":"fast","would_be_greylisted":true)");
    EXPECT_THAT(
        of("192.0.2.7", {observed}),
        HasSubstr("It was in the fast lane and would have been in the fast lane, and asked to come again: "));
}

TEST_F(Story, ASessionTellsOfClientsThatHadNoMail) {
    const std::string refused = session(
        R"("outcome":"refused","stage":"greeting","code":554,"reply":"5.7.1 No","transactions":0,"messages":0,)"
        R"("seconds":1.25,"held_s":0,"signals":[])");
    EXPECT_THAT(of("192.0.2.7", {refused}), HasSubstr("Sluice's last words were: 554 5.7.1 No.\n"));
    EXPECT_EQ(of("bob@example.net", {refused}), "Nothing is found.\n");
    EXPECT_EQ(of("192.0.2.7", {session(R"("outcome":"quit","transactions":2)")}), "Nothing is found.\n")
        << "its mails have told it all";
}

TEST_F(Story, SaysWhereLinesAreMissing) {
    EXPECT_THAT(
        of("192.0.2.7",
           {R"({"time":"2026-11-30T11:00:00.000Z","event":"log_lines_dropped","lines":17,"total":17})"}),
        HasSubstr("2026-11-30 11:00:00 UTC  17 lines of the log are missing here.\n"));
}

TEST_F(Story, NothingThatStrangersSaidReachesATerminal) {
    const std::string text = of(
        "192.0.2.7",
        {R"({"time":"2026-11-30T11:00:00\u001b[2JZ","event":"transaction","session":"\u001b]0;x\u0007",)"
         R"("client":"192.0.2.7","name":"\u202Ex","helo":"\u009B31m","lane":"\u001b","would_be":"\u001b","sender":"\u001b[2J\n@x","recipients":["\u001bb","\u2028"],)"
         R"("refused":[{"recipient":"\u001b","code":550,"reply":"\u001b","by":"\u001b","mta_reply":"\u001b"}],"outcome":"\u001b","mta":"\u001b","code":250,)"
         R"("reply":"\u001b","mta_reply":"\n\u001b","signals":[{"signal":"\u001b","what":"\u001b","value":"\u001b","weight":1}]})",
         R"({"time":"2026-11-30T11:00:01.000Z","event":"session","client":"192.0.2.7","outcome":"\u001b","stage":"\u001b","code":421,"reply":"\u001b","bot":"\u001b"})"});
    EXPECT_EQ(told_, 2U);
    for (const char* hostile : {"\x1b", "\x07", "\xc2\x9b", "\xe2\x80\xae", "\xe2\x80\xa8"})
        EXPECT_THAT(text, Not(HasSubstr(hostile)));
    EXPECT_THAT(text, HasSubstr(R"(<\x1b[2J\x0a@x>)"));
}

TEST_F(Story, LinesOfAnotherKindAreCounted) {
    of("192.0.2.7", {"2026-11-30T11:00:00.000Z session client=192.0.2.7", R"({"time":"2026)", "", "null",
                     R"({"time":"2026-11-30T11:00:00.000Z"})"});
    EXPECT_EQ(unreadable_, 3U);
}

TEST_F(Story, FieldsOfTheWrongKindAreNone) {
    EXPECT_THAT(
        of("192.0.2.7",
           {R"({"time":"2026","event":"transaction","client":"192.0.2.7","recipients":7,"refused":[1,"x"],"code":"x","sender":[],"signals":{}})",
            R"({"time":"x","event":"session","client":"192.0.2.7","seconds":"x","transactions":18446744073709551615,"signals":[7]})"}),
        HasSubstr("Found: 1 transaction"));
}

TEST_F(Story, HoweverManyAwaitTheirNextAttemptSoManyAreRemembered) {
    std::vector<std::string> lines;
    lines.reserve(LogStory::waiting_max + 5);
    for (std::size_t i = 0; i < LogStory::waiting_max + 5; ++i)
        lines.push_back(transaction(
            "2026-11-30T11:00:00.000Z",
            fmt::format(
                R"("sender":"a","recipients":["b{}@example.net"],"outcome":"deferred","code":451,"reply":"x")",
                i)));
    const std::string text = of("192.0.2.7", lines);
    std::size_t awaited = 0;
    for (std::size_t at = text.find("Not delivered so far"); at != std::string::npos;
         at = text.find("Not delivered so far", at + 1))
        ++awaited;
    EXPECT_EQ(awaited, LogStory::waiting_max);
}

}  // namespace
}  // namespace sluice::app
