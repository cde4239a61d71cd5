#include "policy/reputation.hpp"

#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

constexpr int most = 20;

int weight(Evidence client, Evidence network = {}) {
    return weight_of(standing_of(client, network), most);
}

TEST(Reputation, UnknownIsNotBad) {
    EXPECT_EQ(weight({}), 0);
    const Standing unknown = standing_of({}, {});
    EXPECT_DOUBLE_EQ(unknown.mean, 0.5);
    EXPECT_LT(unknown.low, 0.15);
    EXPECT_GT(unknown.high, 0.85);
}

TEST(Reputation, LittleEvidenceIsNoCertainty) {
    EXPECT_EQ(weight({.good = 0, .bad = 1}), 0);
    EXPECT_EQ(weight({.good = 1, .bad = 0}), 0);
    EXPECT_EQ(weight({.good = 50, .bad = 50}), 0) << "nor is much that contradicts itself";
}

TEST(Reputation, WeightGrowsWithEvidence) {
    struct Case {
        Evidence client;
        int weight;
    };
    for (const Case& c :
         {Case{{0, 3}, 4}, Case{{0, 5}, 8}, Case{{0, 10}, 13}, Case{{0, 100}, 19}, Case{{0, 1e6}, 20},
          Case{{3, 0}, -4}, Case{{10, 0}, -13}, Case{{1e6, 0}, -20}, Case{{100, 5}, -17}, Case{{3, 10}, 4}})
        EXPECT_EQ(weight(c.client), c.weight) << c.client.good << " " << c.client.bad;
}

TEST(Reputation, NetworkSpeaksForAddressesNobodyKnows) {
    EXPECT_GT(weight({}, {.good = 0, .bad = 100}), 3);
    EXPECT_LT(weight({}, {.good = 0, .bad = 100}), 10) << "but alone it slows nobody";
    EXPECT_EQ(weight({}, {.good = 0, .bad = 2}), 0);
    EXPECT_LT(weight({}, {.good = 100, .bad = 0}), 0);
}

TEST(Reputation, AddressOutweighsItsNetwork) {
    EXPECT_LE(weight({.good = 20, .bad = 0}, {.good = 0, .bad = 1000}), -5);
    EXPECT_GE(weight({.good = 0, .bad = 20}, {.good = 1000, .bad = 0}), 5);
}

TEST(Reputation, EvidenceOfASession) {
    struct Case {
        Conduct conduct;
        Evidence evidence;
    };
    const Case cases[] = {
        {{}, {0, 0}},
        {{.accepted = 1}, {1, 0}},
        {{.accepted = 1000}, {good_of_a_session_max, 0}},
        {{.unknown_recipients = 1}, {0, 0.5}},
        {{.accepted = 2, .unknown_recipients = 1, .refused = 1}, {2, 1.5}},
        {{.traps = 1}, {0, 4}},
        {{.spam = 1}, {0, 3}},
        {{.viruses = 1}, {0, 5}},
        {{.viruses = 100}, {0, bad_of_a_session_max}},
        {{.left_early = true}, {0, 1}},
        {{.left_early = true, .bot = true}, {0, 5}},
    };
    for (const Case& c : cases)
        EXPECT_EQ(evidence_of(c.conduct), c.evidence) << c.evidence.good << " " << c.evidence.bad;
}

}  // namespace
}  // namespace sluice::policy
