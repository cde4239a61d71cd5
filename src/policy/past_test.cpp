#include "policy/past.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

using namespace std::chrono_literals;

std::string signals(const Past& past, const PastOptions& options = {}, const SignalOptions& weights = {}) {
    std::string text;
    for (const Signal& signal : signals_of(past, options, weights))
        text += fmt::format("{}{}{}[{}]{:+} ", signal.name, signal.what.empty() ? "" : ":", signal.what,
                            signal.value, signal.weight);
    return text;
}

TEST(Past, OfStrangersSaysNothing) {
    EXPECT_EQ(signals({}), "");
    Past once;
    once.at_once = {1, 1, 1};
    once.in_window = {RateCounts{1}, RateCounts{1}, RateCounts{1}};
    EXPECT_EQ(signals(once), "");
}

TEST(Past, BlockLastsAsLongAsItLasts) {
    Past past;
    past.block = ShortBlock{.level = 1, .why = "virus"};
    past.block_age = 599s;
    EXPECT_EQ(signals(past), "blocklist[virus, 1 s left]+20 ");
    past.block_age = 600s;
    EXPECT_EQ(signals(past), "") << "remembered, and over";
}

TEST(Past, Reputation) {
    Past past;
    past.evidence.client = {.good = 0, .bad = 10};
    EXPECT_EQ(signals(past), "reputation[bad 92 % (82 to 100), by client 10.0]+13 ");
    past.evidence.client = {.good = 10, .bad = 0};
    EXPECT_EQ(signals(past), "reputation[bad 8 % (0 to 18), by client 10.0]-13 ");
    SignalOptions off;
    off.weight(SignalId::reputation) = 0;
    EXPECT_EQ(signals(past, {}, off), "");
}

TEST(Past, ReputationSaysWhoseEvidenceCounts) {
    Past past{.place = {.asn = 64'500, .country = {'D', 'E'}}};
    past.evidence.asn = {.good = 0, .bad = 100};
    EXPECT_EQ(signals(past), "reputation[bad 80 % (59 to 100), by AS64500 3.0]+4 ");
    past.evidence.country = {.good = 0, .bad = 160};
    EXPECT_EQ(signals(past), "reputation[bad 82 % (63 to 100), by AS64500 3.0, DE 0.6]+5 ");
    past.evidence.client = {.good = 0, .bad = 2};
    past.evidence.network = {.good = 0, .bad = 4};
    EXPECT_EQ(signals(past), "reputation[bad 88 % (73 to 100), by client 2.0, network 1.0, AS64500 3.0]+9 ");
}

TEST(Past, WhoHasDeliveredMailIsNoStranger) {
    Past past;
    EXPECT_FALSE(is_welcome(past));
    past.evidence.client = {.good = 1, .bad = 0};
    EXPECT_TRUE(is_welcome(past));
    past.evidence.client = {.good = 1, .bad = 1};
    EXPECT_FALSE(is_welcome(past));
    past.evidence.client = {.good = 3, .bad = 1};
    past.block = ShortBlock{.level = 1, .why = "virus"};
    EXPECT_FALSE(is_welcome(past));
}

TEST(Past, RatesOverTheirLimits) {
    PastOptions options;
    options.limits[0] = {.at_once = 50, .in_window = {100, 10}};
    options.limits[2] = {.at_once = 1000, .in_window = {}};
    Past past;
    past.at_once = {50, 5000, 1000};
    past.in_window[0] = {100, 10, 9999};
    EXPECT_EQ(signals(past, options), "");
    past.at_once = {51, 5000, 1001};
    past.in_window[0] = {101, 11, 9999};
    EXPECT_EQ(signals(past, options),
              "concurrency:client[51]+10 rate:client[101 connections]+10 rate:client[11 messages]+10 "
              "concurrency:all[1001]+10 ");
}

}  // namespace
}  // namespace sluice::policy
