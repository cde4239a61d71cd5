// Uses programs of the test's own in place of postconf(1); tests/e2e/test_master_cf.py runs the real one.
#include "app/postfix/postconf.hpp"

#include <sys/stat.h>

#include <fstream>
#include <gtest/gtest.h>

#include "store/testing/temporary_directory.hpp"

namespace sluice::app {
namespace {

/// A shell script in place of postconf.
class PostconfProgram {
  public:
    explicit PostconfProgram(const std::string& script) {
        std::ofstream(path()) << "#!/bin/sh\n" << script;
        ::chmod(path().c_str(), 0755);
    }
    std::string path() const { return directory_.path() + "/postconf"; }

  private:
    store::TemporaryDirectory directory_;
};

TEST(Postconf, IsAskedForParametersFieldsAndOptions) {
    const PostconfProgram program(
        "[ \"$1 $2\" = '-c /etc/there' ] || exit 1\n"
        "case $3 in\n"
        "  -F) echo 'smtp/inet/command = smtpd -o a=b' ;;\n"
        "  -P) echo 'smtp/inet/a = b' ;;\n"
        "  *) echo \"$3 = 10.0.0.0/8\"; echo warning >&2 ;;\n"
        "esac\n");
    const auto read = read_postfix("/etc/there", {.program = program.path()});
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->parameter("mynetworks"), "10.0.0.0/8");
    ASSERT_EQ(read->services.size(), 1U);
    EXPECT_EQ(read->services.front().command, "smtpd");
    EXPECT_EQ(read->services.front().option("a"), "b");
    EXPECT_EQ(read_postfix("/etc/elsewhere", {.program = program.path()}).error(),
              "postconf finds no configuration in /etc/elsewhere");
}

TEST(Postconf, MaySayOnlySoMuch) {
    const PostconfProgram program("printf 'a = %06d' 0\n");
    EXPECT_TRUE(read_postfix("", {.program = program.path(), .time_max = Millis{60'000}, .octets_max = 10}));
    EXPECT_FALSE(read_postfix("", {.program = program.path(), .time_max = Millis{60'000}, .octets_max = 9}));
}

TEST(Postconf, MayTakeOnlySoLong) {
    const PostconfProgram program("exec sleep 60\n");
    EXPECT_EQ(read_postfix("", {.program = program.path(), .time_max = Millis{50}, .octets_max = 10}).error(),
              "postconf takes too long, or says too much");
}

}  // namespace
}  // namespace sluice::app
