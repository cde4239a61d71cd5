#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "judge/testing/scripted_party.hpp"
#include "judge/testing/scripted_store.hpp"
#include "store/keys.hpp"
#include "store/untold_operations.hpp"

namespace sluice::judge {
namespace {

class PastCheck : public testing::Test {
  protected:
    PastCheck() { party.sources().state = &store; }

    /// The case at connect, when the store has answered.
    void connect(bool silent = false) {
        ASSERT_FALSE(of.reach(Stage::connect));
        store.answer_all(silent);
        ASSERT_EQ(party.over, std::vector{Stage::connect});
    }
    store::Outcome& record(std::string_view space) {
        return store.records[store::client_key(space, party.address)];
    }

    ScriptedStore store;
    ScriptedParty party;
    Case of{party};
};

TEST_F(PastCheck, NothingIsKnownOfAStranger) {
    connect();
    EXPECT_TRUE(of.signals().empty());
    EXPECT_TRUE(of.facts().joined);
    EXPECT_FALSE(of.facts().welcome || of.facts().untold_near);
}

TEST_F(PastCheck, ASilentStoreIsNoSign) {
    record(store::block_space) = {.found = true, .value = "1 trap"};
    connect(true);
    EXPECT_TRUE(of.signals().empty());
    EXPECT_TRUE(of.facts().joined) << "the question may have counted the session all the same";
}

TEST_F(PastCheck, GoodMailMakesAClientWelcome) {
    record(store::reputation_space) = {.found = true, .good = 20};
    connect();
    EXPECT_TRUE(of.facts().welcome && of.is_known());
    ASSERT_EQ(of.signals().size(), 1U);
    EXPECT_EQ(of.signals().front().name, "reputation");
    EXPECT_LT(of.signals().front().weight, 0);
    EXPECT_EQ(of.signals().front().source, policy::Source::store);
}

TEST_F(PastCheck, ABlockIsASignalWithItsLevel) {
    const auto block = policy::ShortBlock{.level = 2, .why = {}};
    record(store::block_space) = {.found = true, .value = policy::to_text(block), .age = Seconds{5}};
    connect();
    EXPECT_EQ(of.facts().block_level, 2);
    ASSERT_EQ(of.signals().size(), 1U);
    EXPECT_EQ(of.signals().front().name, "blocklist");
}

TEST_F(PastCheck, LettersOfItsNetworkThatWereDeliveredUntoldAreNear) {
    store.records[store::untold_of_network(party.address).key] = {.found = true, .value = "x"};
    connect();
    EXPECT_TRUE(of.facts().untold_near);
}

TEST_F(PastCheck, AClientOnAListIsCountedAndDoesNotWait) {
    party.act = policy::Act{.lane = policy::Lane::slow, .who = "root", .why = {}};
    EXPECT_TRUE(of.reach(Stage::connect));
    EXPECT_FALSE(store.told.empty());
    EXPECT_TRUE(of.facts().joined);
}

TEST_F(PastCheck, AnOperatorWhoLooksChangesNothingAndCountsTheConnection) {
    party.sources().arrival = store::Arrival::looks;
    party.options.past.limits[0].at_once = 2;
    record(store::live_space).counts[0] = 2;  // with this client's own it would be three
    connect();
    EXPECT_FALSE(of.facts().joined);
    EXPECT_TRUE(store.told.empty());
    ASSERT_EQ(of.signals().size(), 1U);
    EXPECT_EQ(of.signals().front().name, "concurrency");
}

}  // namespace
}  // namespace sluice::judge
