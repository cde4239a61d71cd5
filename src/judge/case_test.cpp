#include "judge/case.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "judge/testing/held_check.hpp"
#include "judge/testing/scripted_party.hpp"

namespace sluice::judge {
namespace {

using policy::SignalId;
using policy::SignalScope;
using testing::ElementsAre;

/// The names of the signals, in their order.
std::vector<std::string_view> names(const Case& of) {
    std::vector<std::string_view> all;
    for (const policy::Signal& signal : of.signals())
        all.push_back(signal.name);
    return all;
}

const policy::Signal& signal_named(const Case& of, std::string_view name) {
    return *std::ranges::find(of.signals(), name, &policy::Signal::name);
}

TEST(Case, NothingIsKnownOfAClientAboutWhomNobodyIsAsked) {
    ScriptedParty party;
    Case of(party);
    for (const Stage stage : {Stage::connect, Stage::greeting, Stage::helo, Stage::mail})
        EXPECT_TRUE(of.reach(stage)) << name_of(stage);
    EXPECT_TRUE(of.settle());
    EXPECT_TRUE(of.signals().empty());
    EXPECT_FALSE(of.has_changed());
    EXPECT_EQ(of.verdict().lane, policy::Lane::fast);
    EXPECT_FALSE(of.is_known());
}

TEST(Case, AHeloNameIsJudgedAnewEachTime) {
    ScriptedParty party;
    Case of(party);
    party.hello = "bare";
    ASSERT_TRUE(of.reach(Stage::helo));
    EXPECT_THAT(names(of), ElementsAre("helo_bare"));
    EXPECT_EQ(of.signals().front().scope, SignalScope::hello);
    EXPECT_EQ(of.signals().front().source, policy::Source::known);
    EXPECT_TRUE(of.has_changed());
    of.judged();
    of.drop(SignalScope::hello);
    EXPECT_TRUE(of.signals().empty());
    EXPECT_TRUE(of.has_changed()) << "a signal that goes changes the verdict, too";
    party.hello = "mx.test";
    ASSERT_TRUE(of.reach(Stage::helo));
    EXPECT_THAT(names(of), ElementsAre("helo_ours"));
}

TEST(Case, TheEndOfATransactionLeavesWhatTheClientHasShown) {
    ScriptedParty party;
    ASSERT_TRUE(party.options.trap_recipients.add("trap@d"));
    Case of(party);
    party.hello = "bare";
    party.mail.sender = "a@b";
    party.named = "trap@d";
    ASSERT_TRUE(of.reach(Stage::helo) && of.reach(Stage::rcpt));
    of.note({.name = "note", .what = "", .value = "", .weight = 1, .scope = SignalScope::transaction});
    of.facts().greylist = Greylist::waits;
    of.drop(SignalScope::transaction);
    EXPECT_THAT(names(of), ElementsAre("helo_bare", "trap_recipient"));
    EXPECT_EQ(of.facts().greylist, Greylist::unknown);
    EXPECT_TRUE(of.facts().trapped);
}

TEST(Case, ABounceWithManyRecipientsIsNoticedAndCounted) {
    ScriptedParty party;
    party.options.null_sender_recipients = 3;
    Case of(party);
    for (const std::size_t refused : {0U, 1U}) {
        party.refused = refused;
        ASSERT_TRUE(of.reach(Stage::rcpt));
        EXPECT_TRUE(of.signals().empty());
    }
    party.refused = 2;
    ASSERT_TRUE(of.reach(Stage::rcpt));
    party.mail.recipients.push_back({"x@d", ""});
    ASSERT_TRUE(of.reach(Stage::rcpt));
    EXPECT_THAT(names(of), ElementsAre("null_sender_fanout"));
    EXPECT_EQ(of.signals().front().value, "4") << "noticed once, with the latest value";
}

TEST(Case, ARecipientWithASenderIsNoBounce) {
    ScriptedParty party;
    party.options.null_sender_recipients = 1;
    party.mail.sender = "a@b";
    Case of(party);
    ASSERT_TRUE(of.reach(Stage::rcpt));
    EXPECT_TRUE(of.signals().empty());
}

TEST(Case, TheOperatorsDecisionIsTheVerdict) {
    ScriptedParty party;
    ASSERT_TRUE(party.options.networks.add(*Network::parse("198.51.100.0/24"), policy::Lane::defer));
    Case of(party);
    of.note({"bad", "", "", 1000});
    EXPECT_EQ(of.verdict().lane, policy::Lane::defer);
    EXPECT_EQ(of.decision()->what, "198.51.100.0/24");
    EXPECT_TRUE(of.is_trusted() && of.is_known());
    EXPECT_FALSE(of.named_good());
    party.act = policy::Act{.lane = policy::Lane::fast, .who = "root", .why = "ours"};
    EXPECT_TRUE(of.named_good()) << "an act comes before the configuration";
    EXPECT_EQ(of.decision()->value, "fast root ours");
}

TEST(Case, AStageWaitsForItsCheckAndForNoOther) {
    ScriptedParty party(with_held_check());
    Case of(party);
    EXPECT_TRUE(of.reach(Stage::connect) && of.reach(Stage::helo));
    ASSERT_FALSE(of.reach(Stage::mail));
    ASSERT_EQ(HeldInquiry::open().size(), 1U);
    EXPECT_TRUE(party.over.empty());
    HeldInquiry::open().front()->answer(7);
    EXPECT_THAT(party.over, ElementsAre(Stage::mail));
    EXPECT_EQ(of.verdict().score, 7);
    EXPECT_EQ(signal_named(of, "held").scope, SignalScope::transaction);
    EXPECT_EQ(signal_named(of, "held").source, policy::Source::dns);
    of.drop(SignalScope::transaction);
    EXPECT_EQ(of.verdict().score, 0);
    ASSERT_FALSE(of.reach(Stage::mail)) << "the next transaction asks again";
}

TEST(Case, AStageHasADeadline) {
    ScriptedParty party(with_held_check());
    party.options.dns_deadline = Millis{30};
    Case of(party);
    ASSERT_FALSE(of.reach(Stage::mail));
    ASSERT_TRUE(party.wait());
    EXPECT_TRUE(HeldInquiry::open().empty());
    EXPECT_EQ(signal_named(of, "held").value, "no answer");
}

TEST(Case, AStageWaitsForSeveralChecksAtOnce) {
    const std::vector<const Check*> twice{&held_check, &held_check};
    ScriptedParty party(twice);
    Case of(party);
    ASSERT_FALSE(of.reach(Stage::mail));
    ASSERT_EQ(HeldInquiry::open().size(), 2U);
    HeldInquiry::open().back()->answer(1);
    EXPECT_TRUE(party.over.empty());
    HeldInquiry::open().back()->answer(2);
    EXPECT_THAT(party.over, ElementsAre(Stage::mail));
    EXPECT_EQ(of.verdict().score, 3);
}

TEST(Case, TheEndOfAScopeWithdrawsItsQuestions) {
    ScriptedParty party(with_held_check());
    Case of(party);
    ASSERT_FALSE(of.reach(Stage::mail));
    of.drop(SignalScope::transaction);
    EXPECT_TRUE(HeldInquiry::open().empty());
    ASSERT_FALSE(of.reach(Stage::mail));
    of.withdraw();
    EXPECT_TRUE(HeldInquiry::open().empty());
    {
        Case other(party);
        ASSERT_FALSE(other.reach(Stage::mail));
        ASSERT_EQ(HeldInquiry::open().size(), 1U);
    }
    EXPECT_TRUE(HeldInquiry::open().empty()) << "a case that ends withdraws its questions";
}

TEST(Case, DearSourcesAreAskedOnlyWhereTheCheapOnesDoNotDecide) {
    static bool noted = false;
    static const Check trusting{.stage = Stage::connect,
                                .awaited = Stage::connect,
                                .scope = SignalScope::session,
                                .source = policy::Source::known,
                                .wanted = [](const Case&) { return noted; },
                                .begin = [](Case& of, const Check&) -> std::unique_ptr<Inquiry> {
                                    of.note({"good", "", "", -50});
                                    return nullptr;
                                }};
    static const Check dear{.stage = Stage::connect,
                            .awaited = Stage::connect,
                            .scope = SignalScope::session,
                            .source = policy::Source::dns,
                            .wanted = [](const Case& of) { return !of.is_trusted(); },
                            .begin = ask<HeldInquiry>};
    const std::vector<const Check*> rows{&dear, &trusting};  // the order of rows has no meaning
    for (const bool good : {false, true}) {
        noted = good;
        ScriptedParty party(rows);
        Case of(party);
        EXPECT_EQ(of.reach(Stage::connect), good);
    }
}

TEST(Case, AQuestionMayBeAwaitedByALaterStage) {
    static const Check early{.stage = Stage::helo,
                             .awaited = Stage::rcpt,
                             .scope = SignalScope::hello,
                             .source = policy::Source::dns,
                             .wanted = [](const Case&) { return true; },
                             .begin = ask<HeldInquiry>};
    const std::vector<const Check*> rows{&early};
    ScriptedParty party(rows);
    Case of(party);
    EXPECT_TRUE(of.reach(Stage::helo) && of.reach(Stage::mail));
    EXPECT_FALSE(of.reach(Stage::rcpt));
    HeldInquiry::open().front()->answer(1);
    EXPECT_THAT(party.over, ElementsAre(Stage::rcpt));
    EXPECT_TRUE(of.reach(Stage::rcpt));
    of.drop(SignalScope::hello);
    EXPECT_TRUE(of.reach(Stage::helo));
    HeldInquiry::open().front()->answer(1);
    EXPECT_EQ(party.over.size(), 1U) << "nothing has waited for it";
    EXPECT_TRUE(of.settle());
}

}  // namespace
}  // namespace sluice::judge
