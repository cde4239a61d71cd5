// `sluice explain` drives the same case as sessions, so it knows a check that is a row in a table of the
// test's.
#include "app/inspect/explain.hpp"

#include <gtest/gtest.h>

#include "judge/testing/held_check.hpp"

namespace sluice::app {
namespace {

TEST(Explain, MakesEveryCheckOfTheTable) {
    Config config;
    config.front.policy.resolve_names = false;
    config.front.policy.signals = policy::SignalOptions::none();
    config.front.policy.dns_deadline = Millis{20};
    const Presented presented{.client = IpAddress::v4({198, 51, 100, 7}),
                              .helo = "client.example.org",
                              .sender = "a@b",
                              .recipients = {"c@d"},
                              .shown = {}};
    const ConfigLines lines{std::string()};
    EXPECT_TRUE(explain_client(config, lines, presented).signals.empty());
    const Explanation found = explain_client(config, lines, presented, judge::with_held_check());
    ASSERT_EQ(found.signals.size(), 1U);
    EXPECT_EQ(found.signals.front().signal.name, "held");
    EXPECT_EQ(found.signals.front().signal.value, "no answer");
    EXPECT_EQ(found.signals.front().source, "dns");
}

}  // namespace
}  // namespace sluice::app
