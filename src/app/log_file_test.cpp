#include "app/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

#include "app/start_error.hpp"

namespace sluice::app {
namespace {

bool same_file(int one, int other) {
    struct stat a{};
    struct stat b{};
    return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

class LogFileTest : public testing::Test {
  protected:
    LogFileTest() {
        std::string name = testing::TempDir() + "sluice_log_XXXXXX";
        directory_ = ::mkdtemp(name.data());
    }
    ~LogFileTest() override { std::filesystem::remove_all(directory_); }

    std::string path(const char* name) const { return directory_ + "/" + name; }
    std::string content(const char* name) const {
        std::ifstream in(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

  private:
    std::string directory_;
};

TEST_F(LogFileTest, LinesAreAppended) {
    std::ofstream(path("log")) << "before\n";
    const LogFile log(path("log"));
    write_without_waiting(log.fd(), "after\n");
    EXPECT_EQ(content("log"), "before\nafter\n");
}

TEST_F(LogFileTest, AMovedFileIsLeftOnceOpenedAnew) {
    LogFile log(path("log"));
    const int fd = log.fd();
    write_without_waiting(fd, "one\n");
    std::filesystem::rename(path("log"), path("log.1"));
    write_without_waiting(fd, "two\n");
    EXPECT_TRUE(log.reopen());
    EXPECT_EQ(log.fd(), fd);
    write_without_waiting(fd, "three\n");
    EXPECT_EQ(content("log.1"), "one\ntwo\n");
    EXPECT_EQ(content("log"), "three\n");
}

TEST_F(LogFileTest, WhenItCannotBeOpenedAnewTheOldOneStays) {
    std::filesystem::create_directory(path("logs"));
    LogFile log(path("logs/log"));
    std::filesystem::rename(path("logs"), path("logs.1"));
    EXPECT_FALSE(log.reopen());
    write_without_waiting(log.fd(), "kept\n");
    EXPECT_EQ(content("logs.1/log"), "kept\n");
}

TEST_F(LogFileTest, OneThatCannotBeOpenedKeepsUsFromStarting) {
    EXPECT_THROW(LogFile(path("no/such/directory/log")), StartError);
}

TEST_F(LogFileTest, TheStandardStreamsAreNotReopened) {
    LogFile log("stdout");
    const int fd = log.fd();
    EXPECT_TRUE(same_file(fd, STDOUT_FILENO));
    EXPECT_TRUE(log.reopen());
    EXPECT_EQ(log.fd(), fd);
    EXPECT_TRUE(same_file(LogFile("stderr").fd(), STDERR_FILENO));
}

TEST_F(LogFileTest, APipeIsOneThatNeverBlocksUs) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const net::Fd in(ends[0]);
    const net::Fd out(ends[1]);
    const net::Fd before(::dup(STDOUT_FILENO));
    ASSERT_EQ(::dup2(out.get(), STDOUT_FILENO), STDOUT_FILENO);
    const LogFile log("stdout");
    ASSERT_EQ(::dup2(before.get(), STDOUT_FILENO), STDOUT_FILENO);
    EXPECT_NE(::fcntl(log.fd(), F_GETFL) & O_NONBLOCK, 0);
    // And those who share the pipe with us feel nothing of that.
    EXPECT_EQ(::fcntl(out.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(LogFileTest, AnotherFileTakesItsPlace) {
    LogFile log(path("log"));
    const int fd = log.fd();
    EXPECT_TRUE(log.replace(net::Fd(::open(path("fresh").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600))));
    EXPECT_EQ(log.fd(), fd);
    write_without_waiting(fd, "line\n");
    EXPECT_EQ(content("fresh"), "line\n");
    EXPECT_FALSE(log.replace(net::Fd()));
}

TEST_F(LogFileTest, AFullPipeDropsTheLineInsteadOfWaiting) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const net::Fd in(ends[0]);
    const net::Fd out(ends[1]);
    ASSERT_GT(::fcntl(out.get(), F_SETPIPE_SZ, 4096), 0);
    const std::string line(1000, 'x');
    for (int i = 0; i < 10; ++i)
        write_without_waiting(out.get(), line);  // would hang here
    char buffer[8192];
    EXPECT_LE(::read(in.get(), buffer, sizeof buffer), 4096);
}

}  // namespace
}  // namespace sluice::app
