#include "app/config/find_config.hpp"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using Words = std::vector<std::string>;

/// Returns "config|state directory", or "none" when the words are no `sluice run`.
std::string found(const Words& words) {
    const auto flags = flags_of_run(words, "/srv/mail");
    return flags ? flags->config + "|" + flags->state_dir.value_or("-") : "none";
}

TEST(FindConfig, OfARunningSluice) {
    EXPECT_EQ(found({"sluice", "run", "--config", "/etc/x.toml"}), "/etc/x.toml|-");
    EXPECT_EQ(found({"/usr/sbin/sluice", "run", "--log", "json", "--config=/etc/x.toml"}), "/etc/x.toml|-");
    EXPECT_EQ(found({"sluice", "run", "--state-dir", "/var/lib/s", "--config", "x.toml"}),
              "/srv/mail/x.toml|/var/lib/s");
    EXPECT_EQ(found({"sluice", "run", "--state-dir=../s"}), "|/srv/s");
}

TEST(FindConfig, OfNothingElse) {
    EXPECT_EQ(found({}), "none");
    EXPECT_EQ(found({"sluice"}), "none");
    EXPECT_EQ(found({"sluice", "metrics", "--config", "/etc/x.toml"}), "none");
    EXPECT_EQ(found({"sluice", "run"}), "|-");
    EXPECT_EQ(found({"sluice", "run", "--config"}), "|-");
    EXPECT_EQ(found({"sluice", "run", "--configuration", "/etc/x.toml"}), "|-");
}

TEST(FindConfig, WhatIsSaidIsNotLookedFor) {
    RunFlags flags;
    flags.config = "/srv/x.toml";
    EXPECT_EQ(find_running(flags).config, "/srv/x.toml");
    EXPECT_EQ(with_default_config(flags).config, "/srv/x.toml");
}

}  // namespace
}  // namespace sluice::app
