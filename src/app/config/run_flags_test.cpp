#include "app/config/run_flags.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace sluice::app {
namespace {

using testing::HasSubstr;

class ConfigFile {
  public:
    explicit ConfigFile(std::string_view text) {
        const int fd = ::mkstemp(path_.data());
        EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
        ::close(fd);
    }
    ~ConfigFile() { ::unlink(path_.c_str()); }
    const std::string& path() const { return path_; }

  private:
    std::string path_ = testing::TempDir() + "sluice_config_XXXXXX";
};

constexpr std::string_view file_text =
    "listen = ['127.0.0.1:1025']\nworkers = 3\nstate_dir = '/from/file'\n"
    "[relay]\nmta = [{address = '127.0.0.1:1026', pooled = false}]\n[log]\nformat = 'pretty'\n";

TEST(RunFlags, WithoutAFileTheDefaultsHold) {
    const auto config = configure({});
    ASSERT_TRUE(config);
    EXPECT_EQ(config->listen[0].to_string(), "127.0.0.1:2525");
    EXPECT_EQ(config->front.spool.directory, "/tmp");
}

TEST(RunFlags, TheFileHoldsWhereNoFlagIsGiven) {
    const ConfigFile file(file_text);
    RunFlags flags;
    flags.config = file.path();
    const auto config = configure(flags);
    ASSERT_TRUE(config);
    EXPECT_EQ(config->listen[0].to_string(), "127.0.0.1:1025");
    EXPECT_EQ(config->workers, 3U);
    EXPECT_FALSE(config->relay.upstreams[0].pooled);
    EXPECT_EQ(config->log.format, LogFormat::pretty);
    EXPECT_EQ(config->front.spool.directory, "/from/file/spool");
}

TEST(RunFlags, FlagsReplaceWhatTheFileSays) {
    const ConfigFile file(file_text);
    RunFlags flags;
    flags.config = file.path();
    flags.listen = {"127.0.0.1:3025", "[::1]:3025"};
    flags.relay = {"127.0.0.1:3026"};
    flags.workers = 0;
    flags.state_dir = "";
    flags.log = "json";
    const auto config = configure(flags);
    ASSERT_TRUE(config);
    ASSERT_EQ(config->listen.size(), 2U);
    EXPECT_EQ(config->listen[1].to_string(), "[::1]:3025");
    ASSERT_EQ(config->relay.upstreams.size(), 1U);
    EXPECT_EQ(config->relay.upstreams[0].address.to_string(), "127.0.0.1:3026");
    EXPECT_TRUE(config->relay.upstreams[0].pooled);
    EXPECT_EQ(config->workers, 0U);
    EXPECT_EQ(config->front.spool.directory, "/tmp");
    EXPECT_EQ(config->log.format, LogFormat::json);
}

TEST(RunFlags, AWrongFlagIsNamed) {
    RunFlags flags;
    flags.listen = {"localhost:25"};
    flags.relay = {"127.0.0.1:0"};
    const auto config = configure(flags);
    ASSERT_FALSE(config);
    ASSERT_EQ(config.error().size(), 2U);
    EXPECT_EQ(config.error()[0].to_string(), "--listen localhost:25: not an address");
    EXPECT_EQ(config.error()[1].to_string(), "--relay 127.0.0.1:0: not an address");
}

TEST(RunFlags, RulesThatSpanKeysSeeTheFlags) {
    RunFlags flags;
    flags.listen = {"127.0.0.1:2526"};
    const auto config = configure(flags);
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error()[0].to_string(), HasSubstr("Sluice itself listens"));
}

}  // namespace
}  // namespace sluice::app
