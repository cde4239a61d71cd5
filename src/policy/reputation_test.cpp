#include "policy/reputation.hpp"

#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

constexpr int most = 20;

int weight(const Evidences& evidences) {
    return weight_of(standing_of(evidences), most);
}

int weight(Evidence client, Evidence network = {}) {
    return weight({.client = client, .network = network});
}

TEST(Reputation, UnknownIsNotBad) {
    EXPECT_EQ(weight(Evidence{}), 0);
    const Standing unknown = standing_of({});
    EXPECT_DOUBLE_EQ(unknown.mean, 0.5);
    EXPECT_LT(unknown.low, 0.15);
    EXPECT_GT(unknown.high, 0.85);
}

TEST(Reputation, LittleEvidenceIsNoCertainty) {
    EXPECT_EQ(weight(Evidence{.good = 0, .bad = 1}), 0);
    EXPECT_EQ(weight(Evidence{.good = 1, .bad = 0}), 0);
    EXPECT_EQ(weight(Evidence{.good = 50, .bad = 50}), 0) << "nor is much that contradicts itself";
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
    EXPECT_GT(weight(Evidence{}, {.good = 0, .bad = 100}), 3);
    EXPECT_LT(weight(Evidence{}, {.good = 0, .bad = 100}), 10) << "but alone it slows nobody";
    EXPECT_EQ(weight(Evidence{}, {.good = 0, .bad = 2}), 0);
    EXPECT_LT(weight(Evidence{}, {.good = 100, .bad = 0}), 0);
}

TEST(Reputation, AddressOutweighsItsNetwork) {
    EXPECT_LE(weight(Evidence{.good = 20, .bad = 0}, {.good = 0, .bad = 1000}), -5);
    EXPECT_GE(weight(Evidence{.good = 0, .bad = 20}, {.good = 1000, .bad = 0}), 5);
}

TEST(Reputation, AsnAndCountryAreWeakSigns) {
    constexpr Evidence bad{0, 1000}, mostly_bad{50, 950}, good{1000, 0}, everything{50'000, 950'000};
    struct Case {
        const char* what;
        Evidences evidences;
        int weight;
    };
    const Case cases[] = {
        {"an ASN that is mostly bad", {.asn = mostly_bad}, 2},
        {"all bad", {.asn = bad}, 4},
        {"all good", {.asn = good}, -4},
        {"seen little of", {.asn = {0, 10}}, 0},
        {"and its stranger's one mail", {.client = {1, 0}, .asn = mostly_bad}, 0},
        {"some mails", {.client = {5, 0}, .asn = bad}, 0},
        {"many mails", {.client = {10, 0}, .asn = bad}, -4},
        {"bad itself in a good one", {.client = {0, 10}, .asn = good}, 4},
        {"a bad country", {.country = everything}, 0},
        {"a good one", {.country = {1e6, 0}}, 0},
        {"country and ASN", {.asn = bad, .country = {0, 1e6}}, 6},
    };
    for (const Case& c : cases)
        EXPECT_EQ(weight(c.evidences), c.weight) << c.what;
}

TEST(Reputation, AllAroundAStrangerAreNoMoreThanHisNetwork) {
    const Evidences all{.network = {0, 1e6}, .asn = {0, 2e6}, .country = {0, 3e6}};
    EXPECT_EQ(weight(all), weight(Evidence{}, {0, 1e6}));
    EXPECT_LT(weight(all), 10) << "they slow nobody";
}

TEST(Reputation, NothingCountsInTwoCircles) {
    // This network has done all that is known of the ASN, and the ASN all that is known of the country.
    const Evidence seen{1, 5};
    const Evidences counts = counted({.network = seen, .asn = seen, .country = {1, 8}});
    EXPECT_EQ(counts.network, (Evidence{0.25, 1.25}));
    EXPECT_EQ(counts.asn, Evidence{});
    EXPECT_EQ(counts.country, (Evidence{0, 0.03}));
    // A network that the ASN does not know, as after a change of registers.
    EXPECT_EQ(counted({.network = seen, .asn = {0, 1}, .country = seen}).country, Evidence{});
}

TEST(Reputation, TheWiderCircleGivesWay) {
    struct Case {
        Evidence network;
        double asn, country;  // observations
    };
    for (const Case& c : {Case{{0, 0}, 3, 1}, Case{{0, 4}, 3, 0}, Case{{0, 8}, 2, 0}, Case{{0, 16}, 0, 0}}) {
        const Evidences counts =
            counted({.client = {0, 100}, .network = c.network, .asn = {0, 200}, .country = {0, 1e6}});
        EXPECT_DOUBLE_EQ(counts.client.bad, 100);
        EXPECT_DOUBLE_EQ(counts.asn.sum(), c.asn) << c.network.bad;
        EXPECT_DOUBLE_EQ(counts.country.sum(), c.country) << c.network.bad;
    }
}

TEST(Reputation, AllCirclesTogetherCountUpToABound) {
    struct Case {
        Evidence network;
        double network_counts, asn_counts, country_counts;
    };
    for (const Case& c : {Case{{0, 0}, 0, 3, 1},  // around_max: these are its 4 observations
                          Case{{0, 1}, 0.25, 3, 0.75}, Case{{0, 17}, 4, 0, 0}}) {
        const Evidences counts = counted({.network = c.network, .asn = {0, 200}, .country = {0, 1e6}});
        EXPECT_DOUBLE_EQ(counts.network.sum(), c.network_counts);
        EXPECT_DOUBLE_EQ(counts.asn.sum(), c.asn_counts);
        EXPECT_DOUBLE_EQ(counts.country.sum(), c.country_counts);
    }
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
    };
    for (const Case& c : cases)
        EXPECT_EQ(evidence_of(c.conduct), c.evidence) << c.evidence.good << " " << c.evidence.bad;
}

}  // namespace
}  // namespace sluice::policy
