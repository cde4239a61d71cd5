#include "net/whole_lines.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

#include "net/fd.hpp"
#include "net/testing/small_disk.hpp"

namespace sluice::net {
namespace {

constexpr Millis patience{10'000};

class WholeLinesTest : public testing::Test {
  protected:
    WholeLinesTest() : path_(testing::TempDir() + "sluice_lines_XXXXXX") {
        file_.reset(::mkostemp(path_.data(), O_APPEND | O_CLOEXEC));
    }
    ~WholeLinesTest() override { ::unlink(path_.c_str()); }

    int fd() const { return file_.get(); }
    const char* path() const { return path_.c_str(); }
    void put(std::string_view text) const {
        ASSERT_EQ(::write(fd(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    std::string content() const {
        std::ifstream in(path_, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

  private:
    std::string path_;
    Fd file_;
};

TEST_F(WholeLinesTest, AFullDiskHasWholeLinesOnly) {
    put("before\n");
    WholeLines lines;
    {
        const SmallDisk disk(16);
        const LinesAppended done = lines.append(fd(), "one\nsecond line\nthree\n", patience);
        EXPECT_EQ(done.octets, 4U);
        EXPECT_EQ(done.error, EFBIG);
        EXPECT_TRUE(may_have_room_later(done.error));
        EXPECT_EQ(content(), "before\none\n");
        // A line of another process may still fit.
        EXPECT_EQ(WholeLines().append(fd(), "two\n", patience).error, 0);
    }
    EXPECT_EQ(lines.append(fd(), "after\n", patience).octets, 6U);
    EXPECT_EQ(content(), "before\none\ntwo\nafter\n");
}

TEST_F(WholeLinesTest, AStreamWithoutAppendGoesOnAtItsEnd) {
    ASSERT_EQ(::fcntl(fd(), F_SETFL, 0), 0);
    WholeLines lines;
    {
        const SmallDisk disk(6);
        EXPECT_EQ(lines.append(fd(), "one\nsecond\n", patience).octets, 4U);
    }
    lines.append(fd(), "two\n", patience);
    EXPECT_EQ(content(), "one\ntwo\n");
}

TEST_F(WholeLinesTest, WhereNothingCanBeTakenBackTheCutLineIsEnded) {
    // A file that may only grow (chattr +a) is not available everywhere. A write in the middle of ours has
    // the same effect; a file position that is not at the end simulates it.
    ASSERT_EQ(::fcntl(fd(), F_SETFL, 0), 0);
    put("0123456789");
    ::lseek(fd(), 0, SEEK_SET);
    WholeLines lines;
    {
        const SmallDisk disk(4);
        EXPECT_EQ(lines.append(fd(), "second\n", patience).octets, 0U);
    }
    lines.append(fd(), "two\n", patience);
    EXPECT_EQ(content(), "seco\ntwo\n9");
}

TEST_F(WholeLinesTest, ALineThatItsWriterDidNotEndIsEnded) {
    EXPECT_FALSE(end_cut_line(path(), fd()));
    put("whole\n");
    EXPECT_FALSE(end_cut_line(path(), fd()));
    put("{\"half\":");
    EXPECT_TRUE(end_cut_line(path(), fd()));
    EXPECT_FALSE(end_cut_line(path(), fd()));
    EXPECT_EQ(content(), "whole\n{\"half\":\n");
    EXPECT_FALSE(end_cut_line("/dev/null", fd()));
}

/// Another process that has its turn, and hangs.
class Holder {
  public:
    explicit Holder(int fd) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
        const Fd ready(ends[0]);
        const Fd say(ends[1]);
        pid_ = ::fork();
        if (pid_ == 0) {
            struct flock all{};
            all.l_type = F_WRLCK;
            ::fcntl(fd, F_SETLK, &all);
            (void)!::write(say.get(), "!", 1);
            for (;;)
                ::pause();
        }
        char got = 0;
        (void)!::read(ready.get(), &got, 1);
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    ~Holder() { end(); }
    void end() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }

  private:
    pid_t pid_ = 0;
};

TEST_F(WholeLinesTest, WhoHasNoTurnLeavesWhatLooksCutAlone) {
    put("{\"half\":");
    Holder holder(fd());
    EXPECT_FALSE(end_cut_line(path(), fd()));
    holder.end();
    EXPECT_TRUE(end_cut_line(path(), fd()));
}

TEST_F(WholeLinesTest, AProcessThatStandsStillStopsNobody) {
    const Holder holder(fd());
    EXPECT_EQ(WholeLines().append(fd(), "line\n", Millis{5}).octets, 5U);
    EXPECT_EQ(content(), "line\n");
}

}  // namespace
}  // namespace sluice::net
