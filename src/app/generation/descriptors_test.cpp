#include "app/generation/descriptors.hpp"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

TEST(Descriptors, SessionsAreWhatIsConfiguredOrWhatFits) {
    EXPECT_EQ(sessions_within(20'000, 19'000, 341), 19'000U);
    EXPECT_EQ(sessions_within(19'341, 19'000, 341), 19'000U);
    EXPECT_EQ(sessions_within(19'340, 19'000, 341), 18'999U);
}

TEST(Descriptors, ATinyLimitIsSharedHalfAndHalf) {
    EXPECT_EQ(sessions_within(400, 19'000, 341), 200U);
    EXPECT_EQ(sessions_within(1, 19'000, 341), 1U);
    EXPECT_EQ(sessions_within(0, 19'000, 341), 1U);
}

TEST(Descriptors, TheDefaultsFitTwentyThousand) {
    const Config config;
    EXPECT_EQ(sessions_within(20'000, config.front.sessions_max, descriptors_beside_sessions(config)),
              config.front.sessions_max);
}

TEST(Descriptors, MtaConnectionsAndDnsNeedSomeToo) {
    Config config;
    config.front.policy.signals = policy::SignalOptions::none();
    config.front.policy.resolve_names = false;
    const auto before = descriptors_beside_sessions(config);
    config.relay.pool.connections_max += 5;
    EXPECT_EQ(descriptors_beside_sessions(config), before + 5);
    config.front.policy.resolve_names = true;
    EXPECT_GT(descriptors_beside_sessions(config), before + 5);
}

TEST(Descriptors, EachListeningSocketNeedsOne) {
    Config config;
    const auto before = descriptors_beside_sessions(config);
    config.listen.emplace_back();
    EXPECT_EQ(descriptors_beside_sessions(config), before + 1);
    config.tls_listen.emplace_back();
    EXPECT_EQ(descriptors_beside_sessions(config), before + 2);
}

}  // namespace
}  // namespace sluice::app
