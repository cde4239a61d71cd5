#include "spool/spool.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <gtest/gtest.h>
#include <latch>
#include <optional>
#include <string>
#include <string_view>

#include "net/loop.hpp"
#include "net/unlinked_file.hpp"

namespace sluice::spool {
namespace {

using namespace std::chrono_literals;

std::string contents(const smtp::MessageView& view) {
    std::string all{view.memory};
    for (const std::string_view chunk : view.chunks)
        all += chunk;
    EXPECT_EQ(all.size(), view.memory_octets());
    const std::size_t in_memory = all.size();
    all.resize(view.octets());
    if (view.file_octets > 0) {
        EXPECT_EQ(::pread(view.fd, all.data() + in_memory, view.file_octets, 0),
                  static_cast<ssize_t>(view.file_octets));
    }
    return all;
}

/// Makes `octets` octets in which every position differs from its neighbours.
std::string pattern(std::size_t octets) {
    std::string out;
    for (std::size_t i = 0; out.size() < octets; ++i)
        out += std::to_string(i) + "\r\n";
    out.resize(octets);
    return out;
}

class SpoolTest : public testing::Test {
  protected:
    void settle(Spool& spool) {
        if (!spool.busy()) return;
        spool.on_settled([this] { loop_.stop(); });
        loop_.run();
        EXPECT_FALSE(spool.busy());
    }
    void append_all(Spool& spool, std::string_view octets, std::size_t piece) {
        for (; !octets.empty(); octets.remove_prefix(std::min(piece, octets.size()))) {
            if (spool.full()) settle(spool);
            spool.append(octets.substr(0, piece));
        }
        spool.finish();
        settle(spool);
    }
    /// Keeps the thread busy until go_on() is counted down.
    void hold_thread() {
        ASSERT_TRUE(offload_.submit([this] { go_on_.wait(); }, nullptr));
    }

    net::Loop loop_;
    std::latch go_on_{1};
    net::Offload offload_{loop_};
    SpoolOptions options_{.memory_octets_max = 1000, .directory = testing::TempDir()};
};

TEST_F(SpoolTest, KeepsEveryOctetOnBothSidesOfTheLimit) {
    for (const std::size_t size : {0, 1, 999, 1000, 1001, 1002, 5000, 1'000'000}) {
        for (const std::size_t piece : {1, 7, 512, 1000, 1001, 65536}) {
            if (size / piece > 10'000) continue;
            Spool spool{offload_, options_, nullptr};
            const std::string text = pattern(size);
            append_all(spool, text, piece);
            ASSERT_FALSE(spool.failed());
            EXPECT_EQ(spool.octets(), size);
            EXPECT_EQ(contents(spool.view()), text) << size << " by " << piece;
            EXPECT_EQ(spool.view().fd >= 0, size > 1000);
        }
    }
}

TEST_F(SpoolTest, SharesMemoryWhileItLasts) {
    constexpr std::size_t chunk = SpoolMemory::chunk_octets;
    SpoolMemory shared{loop_, 2 * chunk};
    const std::size_t most = 1000 + 2 * chunk;
    for (const std::size_t size :
         {std::size_t{1000}, std::size_t{1001}, most, most + 1, most + 1001, 4 * chunk}) {
        for (const std::size_t piece : {std::size_t{500}, std::size_t{1000}, std::size_t{65'536}}) {
            const bool in_pieces_of_own = 1000 % piece == 0;
            Spool spool{offload_, options_, &shared};
            const std::string text = pattern(size);
            append_all(spool, text, piece);
            ASSERT_FALSE(spool.failed());
            EXPECT_TRUE(contents(spool.view()) == text) << size << " by " << piece;
            EXPECT_EQ(shared.taken() > 0, size > 1000);
            if (in_pieces_of_own) {
                EXPECT_EQ(spool.view().fd >= 0, size > most) << size << " by " << piece;
            }
        }
        EXPECT_EQ(shared.taken(), 0U) << "not given back";
    }
}

TEST_F(SpoolTest, GoesToTheFileWholeWhereNothingIsLeftToShare) {
    SpoolMemory shared{loop_, SpoolMemory::chunk_octets};
    char* const taken = shared.take();
    {
        Spool spool{offload_, options_, &shared};
        const std::string text = pattern(5000);
        append_all(spool, std::string_view{text}.substr(0, 5000), 100);
        EXPECT_EQ(spool.view().file_octets, 5000U);
        EXPECT_EQ(contents(spool.view()), text);
    }
    shared.give_back(taken);
}

TEST_F(SpoolTest, GivesBackWhatIsSharedWhenTheDiskFails) {
    options_.directory = "/nonexistent";
    SpoolMemory shared{loop_, SpoolMemory::chunk_octets};
    {
        Spool spool{offload_, options_, &shared};
        append_all(spool, pattern(2 * SpoolMemory::chunk_octets), 1000);
        EXPECT_TRUE(spool.failed());
    }
    EXPECT_EQ(shared.taken(), 0U);
}

TEST_F(SpoolTest, FileHasNoName) {
    Spool spool{offload_, options_, nullptr};
    append_all(spool, pattern(5000), 100);
    const net::Fd fallback = net::create_and_unlink(options_.directory);
    for (const int fd : {spool.view().fd, fallback.get()}) {
        struct stat status{};
        ASSERT_EQ(::fstat(fd, &status), 0);
        EXPECT_EQ(status.st_nlink, 0U);
        EXPECT_EQ(status.st_mode & 0777U, 0600U);
        EXPECT_EQ(::fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
        EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
    }
}

TEST_F(SpoolTest, FullWhileTheDiskIsBehindAndBoundedMeanwhile) {
    Spool spool{offload_, options_, nullptr};
    hold_thread();
    const std::string text = pattern(10'000);
    std::size_t taken = 0;
    while (!spool.full()) {
        spool.append(std::string_view{text}.substr(taken, 100));
        taken += 100;
    }
    EXPECT_LE(taken, 2200U);
    EXPECT_TRUE(spool.busy());
    go_on_.count_down();
    settle(spool);
    EXPECT_FALSE(spool.full());
    spool.finish();
    settle(spool);
    EXPECT_EQ(contents(spool.view()), text.substr(0, taken));
}

TEST_F(SpoolTest, FinishWhileAWriteIsUnderWay) {
    Spool spool{offload_, options_, nullptr};
    hold_thread();
    const std::string text = pattern(1500);
    spool.append(std::string_view{text}.substr(0, 1100));
    spool.append(std::string_view{text}.substr(1100));
    spool.finish();
    EXPECT_TRUE(spool.busy());
    go_on_.count_down();
    settle(spool);
    EXPECT_EQ(contents(spool.view()), text);
}

TEST_F(SpoolTest, MayBeDestroyedWithAWriteUnderWay) {
    std::optional<Spool> spool{std::in_place, offload_, options_, nullptr};
    hold_thread();
    spool->append(pattern(1500));
    ASSERT_TRUE(spool->busy());
    bool told = false;
    spool->on_settled([&] { told = true; });
    spool.reset();
    go_on_.count_down();
    ASSERT_TRUE(offload_.submit([] {}, [this] { loop_.stop(); }));
    loop_.run();
    EXPECT_FALSE(told);
}

TEST_F(SpoolTest, MayBeDestroyedByItsCallback) {
    std::optional<Spool> spool{std::in_place, offload_, options_, nullptr};
    spool->append(pattern(1500));
    spool->on_settled([&] {
        spool.reset();
        loop_.stop();
    });
    loop_.run();
    EXPECT_FALSE(spool);
}

TEST_F(SpoolTest, MayOutliveItsWriteByNothing) {
    // The spool is destroyed when the write is done and its completion waits on the loop.
    std::optional<Spool> spool{std::in_place, offload_, options_, nullptr};
    spool->append(pattern(1500));
    std::latch written{1};
    ASSERT_TRUE(offload_.submit([&] { written.count_down(); }, nullptr));
    written.wait();
    spool.reset();
    loop_.turn(0ms);
}

TEST_F(SpoolTest, NoDirectoryIsAFailureAndNoMore) {
    options_.directory = "/nonexistent";
    Spool spool{offload_, options_, nullptr};
    append_all(spool, pattern(5000), 100);
    EXPECT_TRUE(spool.failed());
    EXPECT_FALSE(spool.full());
    EXPECT_EQ(spool.octets(), 5000U);
}

TEST_F(SpoolTest, DiskFullIsAFailure) {
    // A file larger than this process may write fails like ENOSPC, but needs no root to simulate.
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit small = before;
    small.rlim_cur = 4096;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    {
        Spool spool{offload_, options_, nullptr};
        append_all(spool, pattern(20'000), 100);
        EXPECT_TRUE(spool.failed());
    }
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
}

}  // namespace
}  // namespace sluice::spool
