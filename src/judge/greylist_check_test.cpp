#include "judge/greylist_check.hpp"

#include <gtest/gtest.h>

#include "judge/testing/scripted_party.hpp"
#include "judge/testing/scripted_store.hpp"
#include "store/greylist_operations.hpp"

namespace sluice::judge {
namespace {

class GreylistCheck : public testing::Test {
  protected:
    GreylistCheck() {
        party.sources().state = &store;
        party.options.greylist.who = policy::GreylistWho::all;
        party.mail.sender = "a@example.org";
        party.named = "c@d";
    }

    /// The answer to the first recipient.
    Greylist asked(bool silent = false) {
        if (of.reach(Stage::rcpt)) return Greylist::unknown;
        store.answer_all(silent);
        return of.facts().greylist;
    }
    store::Outcome& record(std::size_t number) {
        const auto question = store::greylist_question(party.options.greylist, greylist_name(of));
        return store.records[question.at(number).key];
    }

    ScriptedStore store;
    ScriptedParty party;
    Case of{party};
};

TEST_F(GreylistCheck, AStrangersFirstLetterWaits) {
    EXPECT_EQ(asked(), Greylist::waits);
    ASSERT_EQ(of.signals().size(), 1U);
    EXPECT_EQ(of.signals().front().value, "198.51.100.0 example.org, 60 s");
    EXPECT_TRUE(of.reach(Stage::rcpt)) << "the second recipient does not ask again";
    of.drop(policy::SignalScope::transaction);
    EXPECT_EQ(of.signals().size(), 1U) << "the session's line is to tell of it";
    EXPECT_EQ(asked(), Greylist::waits);
}

TEST_F(GreylistCheck, ALetterThatComesAgainPassesAndIsRemembered) {
    record(1) = {.found = true, .value = "waiting", .age = Seconds{600}};
    EXPECT_EQ(asked(), Greylist::passed);
    EXPECT_FALSE(store.told.empty());
    EXPECT_TRUE(of.signals().empty());
}

TEST_F(GreylistCheck, APassThatHasGrownOldIsRenewed) {
    record(0) = {.found = true, .value = "passed", .age = party.options.greylist.keep / 2};
    EXPECT_EQ(asked(), Greylist::passed);
    EXPECT_FALSE(store.told.empty());
}

TEST_F(GreylistCheck, ASilentStoreLetsEverybodyPass) {
    EXPECT_EQ(asked(true), Greylist::passed);
}

TEST_F(GreylistCheck, SomeAreNotAsked) {
    party.has_authenticated = true;
    EXPECT_EQ(asked(), Greylist::unknown);
    party.has_authenticated = false;
    of.facts().welcome = true;
    EXPECT_EQ(asked(), Greylist::unknown);
    of.facts().welcome = false;
    party.options.thresholds.reject = 50;
    of.note({"bad", "", "", 50});
    EXPECT_EQ(asked(), Greylist::unknown) << "the lane refuses before";
    party.options.thresholds.reject = 0;
    party.options.thresholds.defer = 50;
    EXPECT_EQ(asked(), Greylist::unknown);
    party.options.thresholds.defer = 0;
    party.sources().arrival = store::Arrival::looks;
    EXPECT_EQ(asked(), Greylist::unknown);
    party.sources().arrival = store::Arrival::joins;
    EXPECT_EQ(asked(), Greylist::waits);
}

}  // namespace
}  // namespace sluice::judge
