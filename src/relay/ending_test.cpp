// The sentence for the client after every way in which a connection can end.

#include "relay/ending.hpp"

#include <gtest/gtest.h>

namespace sluice::relay {
namespace {

using Outcome = smtp::Dialogue::Outcome;
using Stage = smtp::Dialogue::Stage;

struct Case {
    const char* name;
    Ending ending;
    int ours;  // code of our own sentence; 0 = the MTA's word is passed on
    const char* words;
    bool again;
    bool about_client = false;
    bool for_session = false;
};

const Case cases[] = {
    {"Died", {}, 451, "4.4.2 Lost the connection", false},
    {"DiedInThePool", {.may_be_stale = true}, 451, "4.4.2 Lost the connection", true},
    {"DiedInTheContent",
     {.content_begun = true, .may_be_stale = true},
     451,
     "4.4.2 Lost the connection",
     false},
    {"DiedAfterTheDot",
     {.content_begun = true, .dot_sent = true, .may_be_stale = true},
     451,
     "4.4.2 Lost the connection to the mail server after",
     false},
    {"Hung", {.timed_out = true, .may_be_stale = true}, 451, "4.4.2 The mail server does not answer", false},
    {"Nonsense", {.code = 354}, 451, "4.4.2 Lost the connection", false},
    {"Bye", {.code = 421}, 0, "", false, true},
    {"ByeToTheSilence", {.code = 421, .may_be_stale = true}, 0, "", true, true},
    {"ByeForGood", {.code = 521}, 0, "", false, true},
    {"IdentityRefused",
     {.outcome = Outcome::identity_refused, .code = 501},
     451,
     "4.3.0 The mail server would not hear",
     false,
     true,
     true},
    {"ClientRefused", {.outcome = Outcome::client_refused, .code = 554}, 0, "", false, true, true},
    {"ClientRefusedOnAnOldConnection",
     {.outcome = Outcome::client_refused, .code = 554, .may_be_stale = true},
     0,
     "",
     false,
     true,
     true},
    {"ByeInPlaceOfTheGreeting",
     {.outcome = Outcome::client_refused, .code = 421, .may_be_stale = true},
     0,
     "",
     true,
     true,
     true},
    {"HeloRefused",
     {.outcome = Outcome::helo_refused, .code = 504, .may_be_stale = true},
     0,
     "",
     false,
     true,
     true},
    {"NestedMail",
     {.outcome = Outcome::out_of_step, .code = 503},
     451,
     "4.3.0 The mail server lost its place",
     true},
};

TEST(Ending, WhatTheClientHears) {
    for (const Case& each : cases) {
        const Sentence sentence = sentence_on(each.ending);
        EXPECT_EQ(sentence.ours == nullptr ? 0 : sentence.ours->code, each.ours) << each.name;
        if (sentence.ours != nullptr) {
            EXPECT_TRUE(sentence.ours->text.starts_with(each.words)) << each.name;
        }
        EXPECT_EQ(sentence.about_client, each.about_client) << each.name;
        EXPECT_EQ(sentence.for_session, each.for_session) << each.name;
        EXPECT_EQ(may_ask_again(each.ending), each.again) << each.name;
    }
}

TEST(Ending, NothingIsAskedTwiceOnceTheContentHasBegun) {
    for (Case each : cases) {
        each.ending.content_begun = true;
        EXPECT_FALSE(may_ask_again(each.ending)) << each.name;
    }
}

TEST(Ending, OfALoginTheClientHasToConnectAnew) {
    EXPECT_EQ(sentence_on_login({}, true).ours->code, 454);
    EXPECT_EQ(sentence_on_login({}, false).ours->code, 421);
    EXPECT_EQ(sentence_on_login({.outcome = Outcome::out_of_step, .code = 503}, false).ours->code, 421);
    EXPECT_EQ(sentence_on_login({.outcome = Outcome::identity_refused, .code = 501}, true).ours->code, 454);
    EXPECT_EQ(sentence_on_login({.outcome = Outcome::client_refused, .code = 554}, true).ours, nullptr);
    EXPECT_EQ(sentence_on_login({.code = 421}, false).ours, nullptr);
}

TEST(SentenceOnRecipients, IsTheMtasOnlyWhenAllAreRefusedForGood) {
    struct Row {
        std::vector<smtp::Reply> replies;
        std::size_t recipients;
        std::string_view ours;  // its enhanced code; empty = the MTA's
    };
    const smtp::Reply taken{250, "2.1.5 Ok"};
    const smtp::Reply unknown{550, "5.1.1 who"};
    const smtp::Reply later{450, "4.2.0 later"};
    const smtp::Reply many{452, "4.5.3 Error: too many recipients"};
    const smtp::Reply many_for_good{552, "5.5.3 too many"};
    const Row rows[] = {
        {{unknown}, 1, ""},
        {{unknown, unknown}, 2, ""},
        {{unknown}, 2, "4.3.0"},  // it closed before it answered for the second recipient
        {{unknown, taken}, 2, "4.3.0"},
        {{later}, 1, "4.3.0"},
        {{unknown, later}, 2, "4.3.0"},
        {{taken, many}, 2, "4.5.3"},
        {{unknown, many, taken}, 3, "4.5.3"},
        {{many_for_good}, 1, "4.5.3"},
    };
    for (const Row& row : rows) {
        const smtp::Reply* const ours = sentence_on_recipients(row.replies, row.recipients);
        EXPECT_EQ(ours == nullptr ? "" : smtp::enhanced_code(ours->text), row.ours) << row.replies.size();
    }
}

TEST(Said, NamesTheReplyAndWhatItAnswers) {
    EXPECT_EQ(said({421, "4.7.0 bye"}, Stage::mail), "421 4.7.0 bye (in reply to MAIL FROM)");
    EXPECT_EQ(said({452, "4.5.3 many"}, Stage::recipient, "a@b.example"),
              "452 4.5.3 many (in reply to RCPT TO:<a@b.example>)");
    EXPECT_EQ(said({421, "4.4.2 timeout"}, Stage::idle), "421 4.4.2 timeout (unasked)");
    EXPECT_EQ(said({0, "SSH-2.0"}, Stage::greeting), "SSH-2.0 (in reply to the connection)");
    EXPECT_EQ(said({}, Stage::mail), "");
}

TEST(Said, IsBounded) {
    const std::string where = " (in reply to DATA)";
    const std::string fits(said_octets_max - where.size() - 4, 'x');
    EXPECT_EQ(said({451, fits}, Stage::data), "451 " + fits + where);
    EXPECT_EQ(said({451, fits + "y"}, Stage::data), "451 " + fits + where);
    EXPECT_EQ(said({451, "x"}, Stage::recipient, std::string(5000, 'r')).size(), 5 + said_octets_max / 2);
}

}  // namespace
}  // namespace sluice::relay
