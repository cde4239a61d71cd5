#include "policy/signal_catalogue.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "base/ascii.hpp"

namespace sluice::policy {
namespace {

TEST(SignalCatalogue, EveryRowIsNamedAndExplained) {
    std::set<std::string_view> names;
    for (const SignalRow& row : signal_catalogue()) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_TRUE(std::ranges::all_of(row.name, [](char c) { return ascii::is_lower(c) || c == '_'; }))
            << row.name;
        EXPECT_EQ(signal_named(row.name), row.id);
        EXPECT_EQ(&row_of(row.id), &row);
        EXPECT_FALSE(row.stage.empty() || row.help.empty() || row.false_positives.empty()) << row.name;
    }
    EXPECT_FALSE(signal_named("No_ptr") || signal_named("") || signal_named("network"));
}

TEST(SignalCatalogue, WeakSignsNeverSlowAnybodyAlone) {
    const std::set<std::string_view> strong{"blocklist", "reputation",     "concurrency",
                                            "rate",      "pregreet",       "non_smtp",
                                            "helo_ours", "trap_recipient", "unknown_recipients"};
    const Thresholds thresholds;
    for (const SignalRow& row : signal_catalogue()) {
        if (row.per_zone) continue;
        const Signal alone[] = {SignalOptions().signal(row.id)};
        const Lane lane = judge({}, alone, thresholds, Lane::fast).lane;
        EXPECT_EQ(lane, strong.contains(row.name) ? Lane::slow : Lane::fast) << row.name;
    }
}

TEST(SignalOptions, WhatIsObservedKeepsItsWeightAndCountsNothing) {
    SignalOptions options;
    EXPECT_TRUE(options.signal(SignalId::pregreet).counted);
    options.observe(SignalId::pregreet);
    const Signal observed[] = {options.signal(SignalId::pregreet, "EHLO")};
    EXPECT_EQ(observed[0].name, "pregreet");
    EXPECT_EQ(observed[0].value, "EHLO");
    EXPECT_EQ(observed[0].weight, 10);
    EXPECT_EQ(judge({}, observed, {}, Lane::fast).score, 0);
    options.observe_none();
    EXPECT_FALSE(options.observed(SignalId::pregreet));
    EXPECT_FALSE(SignalOptions::none().on(SignalId::pregreet));
}

}  // namespace
}  // namespace sluice::policy
