#include "app/process/proc.hpp"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

TEST(Proc, TellsOfThisProcess) {
    const int self = ::getpid();
    const std::vector<int> pids = process_ids();
    EXPECT_TRUE(std::ranges::binary_search(pids, self));
    EXPECT_TRUE(std::ranges::binary_search(pids, 1));
    const auto words = command_line_of(self);
    ASSERT_FALSE(words.empty());
    EXPECT_TRUE(words[0].ends_with("app_test"));
    EXPECT_EQ(working_directory_of(self), std::filesystem::current_path().string());
    EXPECT_NE(proc_text(proc_of(self) / "status").find("Name:\tapp_test\n"), std::string::npos);
}

TEST(Proc, TellsNothingOfWhatIsNotThere) {
    EXPECT_EQ(proc_text(proc_of(INT_MAX) / "comm"), "");
    EXPECT_TRUE(command_line_of(INT_MAX).empty());
    EXPECT_EQ(working_directory_of(INT_MAX), "");
}

}  // namespace
}  // namespace sluice::app
