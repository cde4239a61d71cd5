#include <gtest/gtest.h>

#include "judge/testing/scripted_party.hpp"

namespace sluice::judge {
namespace {

TEST(UnknownRecipientsCheck, TellsAtConnectOfADictionaryThatWasTriedBefore) {
    for (const unsigned named : {1U, 2U}) {
        ScriptedParty party;
        party.options.unknown_recipients.slow_after = 2;
        for (unsigned i = 0; i < named; ++i)
            party.sources().unknown_recipients.add(party.address, party.loop.now());
        Case of(party);
        ASSERT_TRUE(of.reach(Stage::connect));
        const std::vector<std::string> expected(named / 2, "2");
        std::vector<std::string> values;
        for (const policy::Signal& signal : of.signals())
            values.push_back(signal.value);
        EXPECT_EQ(values, expected);
    }
}

TEST(UnknownRecipientsCheck, IsOffAtZero) {
    ScriptedParty party;
    party.options.unknown_recipients.slow_after = 0;
    party.sources().unknown_recipients.add(party.address, party.loop.now());
    Case of(party);
    ASSERT_TRUE(of.reach(Stage::connect));
    EXPECT_TRUE(of.signals().empty());
}

}  // namespace
}  // namespace sluice::judge
