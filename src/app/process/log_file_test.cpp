#include "app/process/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <optional>
#include <string>

#include "app/process/start_error.hpp"
#include "net/testing/small_disk.hpp"

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
    log.write_now(LogFormat::json, "after\n");
    EXPECT_EQ(content("log"), "before\nafter\n");
}

TEST_F(LogFileTest, AMovedFileIsLeftOnceOpenedAnew) {
    LogFile log(path("log"));
    const int fd = log.fd();
    log.write_now(LogFormat::json, "one\n");
    std::filesystem::rename(path("log"), path("log.1"));
    log.write_now(LogFormat::json, "two\n");
    EXPECT_TRUE(log.reopen());
    EXPECT_EQ(log.fd(), fd);
    log.write_now(LogFormat::json, "three\n");
    EXPECT_EQ(content("log.1"), "one\ntwo\n");
    EXPECT_EQ(content("log"), "three\n");
}

TEST_F(LogFileTest, WhenItCannotBeOpenedAnewTheOldOneStays) {
    std::filesystem::create_directory(path("logs"));
    LogFile log(path("logs/log"));
    std::filesystem::rename(path("logs"), path("logs.1"));
    EXPECT_FALSE(log.reopen());
    log.write_now(LogFormat::json, "kept\n");
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
    // Other users of the pipe are not affected.
    EXPECT_EQ(::fcntl(out.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(LogFileTest, AnotherFileTakesItsPlace) {
    LogFile log(path("log"));
    const int fd = log.fd();
    EXPECT_TRUE(log.replace(net::Fd(::open(path("fresh").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600))));
    EXPECT_EQ(log.fd(), fd);
    log.write_now(LogFormat::json, "line\n");
    EXPECT_EQ(content("fresh"), "line\n");
    EXPECT_FALSE(log.replace(net::Fd()));
}

/// Replaces standard output for its own lifetime.
class StandardOutput {
  public:
    explicit StandardOutput(int fd) : before_(::dup(STDOUT_FILENO)) { ::dup2(fd, STDOUT_FILENO); }
    StandardOutput(const StandardOutput&) = delete;
    StandardOutput& operator=(const StandardOutput&) = delete;
    ~StandardOutput() { ::dup2(before_.get(), STDOUT_FILENO); }

  private:
    net::Fd before_;
};

TEST_F(LogFileTest, AFullPipeDropsTheLineInsteadOfWaiting) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const net::Fd in(ends[0]);
    const net::Fd out(ends[1]);
    ASSERT_GT(::fcntl(out.get(), F_SETPIPE_SZ, 4096), 0);
    std::optional<LogFile> log;
    {
        const StandardOutput there(out.get());
        log.emplace("stdout");
    }
    const std::string line = std::string(1000, 'x') + '\n';
    for (int i = 0; i < 10; ++i)
        log->write_now(LogFormat::json, line);  // would hang here
    char buffer[8192];
    const ssize_t got = ::read(in.get(), buffer, sizeof buffer);
    EXPECT_LE(got, 4096);
    // The next line says how many are missing.
    log->write_now(LogFormat::json, "after\n");
    const ssize_t more = ::read(in.get(), buffer, sizeof buffer);
    ASSERT_GT(more, 0);
    const std::string_view said(buffer, static_cast<std::size_t>(more));
    const auto lost = 10 - got / static_cast<ssize_t>(line.size());
    EXPECT_NE(said.find("\"log_lines_dropped\",\"lines\":" + std::to_string(lost) + ","), said.npos) << said;
    EXPECT_TRUE(said.ends_with("after\n"));
}

TEST_F(LogFileTest, AFullDiskIsLeftWithWholeLines) {
    const LogFile log(path("log"));
    {
        const net::SmallDisk disk(20);
        log.write_now(LogFormat::json, "{\"line\":1}\n");
        log.write_now(LogFormat::json, "{\"line\":2}\n");
    }
    EXPECT_EQ(content("log"), "{\"line\":1}\n");
    log.write_now(LogFormat::json, "{\"line\":3}\n");
    EXPECT_NE(content("log").find("\"log_lines_dropped\",\"lines\":1,\"total\":1}\n{\"line\":3}\n"),
              std::string::npos)
        << content("log");
}

TEST_F(LogFileTest, ALossIsAnnouncedOnce) {
    const LogFile log(path("log"));
    {
        const net::SmallDisk disk(0);
        log.write_now(LogFormat::json, "{\"line\":1}\n");
    }
    {
        const net::SmallDisk disk(120);  // room for the announcement, and none for the line after it
        log.write_now(LogFormat::json, "{\"line\":\"" + std::string(200, 'x') + "\"}\n");
    }
    EXPECT_TRUE(content("log").ends_with("\"lines\":1,\"total\":1}\n")) << content("log");
    log.write_now(LogFormat::json, "{}\n");
    EXPECT_TRUE(content("log").ends_with("\"lines\":1,\"total\":2}\n{}\n")) << content("log");
}

TEST_F(LogFileTest, ALineThatWasCutIsEndedBeforeTheNext) {
    std::ofstream(path("log")) << "{\"half\":";
    const LogFile log(path("log"));
    EXPECT_EQ(content("log"), "{\"half\":\n");
    std::ofstream(path("log"), std::ios::app) << "{\"killed\":";
    log.write_now(LogFormat::json, "{}\n");
    EXPECT_EQ(content("log"), "{\"half\":\n{\"killed\":\n{}\n");
}

}  // namespace
}  // namespace sluice::app
