// verify = "list": the file, its changes, and what happens when it cannot be read.

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "relay/testing/relay_fixture.hpp"

namespace sluice::relay {
namespace {

class ListVerify : public RelayTest {
  protected:
    ListVerify()
        : path_(std::filesystem::temp_directory_path() / ("sluice-list-" + std::to_string(::getpid()))) {
        options.verify.by = VerifyBy::list;
        options.verify.list_file = path_;
    }
    ~ListVerify() override { std::filesystem::remove_all(path_); }

    void write(const std::string& text) const {
        // Operators replace the file the same way: a new file is moved over the old one.
        const std::string next = path_.string() + ".new";
        std::ofstream(next) << text;
        std::filesystem::rename(next, path_);
    }
    std::size_t told(const std::string& what) const {
        return static_cast<std::size_t>(std::ranges::count_if(
            notices, [&](const std::string& notice) { return notice.starts_with(what); }));
    }

    std::filesystem::path path_;
};

TEST_F(ListVerify, AnswersAtOnce) {
    write("user@example.net\n@all.example\n");
    start();
    EXPECT_EQ(ask(1, "User@example.net").reply.code, 250);
    EXPECT_EQ(ask(1, "any@all.example").by, "list");
    const smtp::Answer refused = ask(1, "other@example.net");
    EXPECT_EQ(refused.reply.code, 550);
    EXPECT_TRUE(refused.reply.text.starts_with("5.1.1 "));
    EXPECT_TRUE(refused.unknown_recipient);
    EXPECT_EQ(told("list_reloaded"), 1U);
}

TEST_F(ListVerify, FollowsTheFile) {
    write("a@example.net\n");
    start();
    EXPECT_EQ(ask(1, "b@example.net").reply.code, 550);
    write("b@example.net\n");
    ASSERT_TRUE(run_until([&] { return told("list_reloaded") == 2; }));
    EXPECT_EQ(ask(1, "b@example.net").reply.code, 250);
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 550);
}

TEST_F(ListVerify, KeepsTheListWhenTheFileIsGone) {
    write("a@example.net\n");
    start();
    std::filesystem::remove(path_);
    ASSERT_TRUE(run_until([&] { return told("list_unreadable") == 1; }));
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
    EXPECT_EQ(ask(1, "b@example.net").reply.code, 550);
    run_for(Millis{2200});
    EXPECT_EQ(told("list_unreadable"), 1U);  // told only once
}

TEST_F(ListVerify, LetsMailFlowBeforeThereIsAList) {
    std::filesystem::create_directory(path_);
    start();
    EXPECT_EQ(told("list_unreadable"), 1U);
    EXPECT_EQ(ask(1, "a@example.net").by, "off");
    std::filesystem::remove(path_);
    write("b@example.net\n");
    ASSERT_TRUE(run_until([&] { return told("list_reloaded") == 1; }));
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 550);
}

}  // namespace
}  // namespace sluice::relay
