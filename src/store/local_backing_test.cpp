#include "store/local_backing.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <thread>

#include "net/fd.hpp"
#include "store/testing/backing_harness.hpp"
#include "store/testing/temporary_directory.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

class LocalBackingTest : public testing::Test {
  protected:
    struct Opened {
        net::Loop loop;
        std::vector<std::string> told;
        LocalBacking backing;

        Opened(const LocalBacking::Options& options, const WallMillis& now)
            : backing(
                  loop, options, [&now] { return now; },
                  [this](std::string_view what, std::string_view) { told.emplace_back(what); }) {}

        Outcomes perform(Operations operations) {
            Outcomes outcomes;
            backing.perform(std::move(operations), [&](std::optional<Outcomes> found) { outcomes = *found; });
            return outcomes;
        }
        Outcome perform(Operation operation) { return perform(Operations{std::move(operation)}).at(0); }
        void settle() {
            bool settled = false;
            backing.settle([&](std::string_view why) { settled = why.empty(); });
            for (int turns = 0; turns < 1000 && !settled; ++turns)
                loop.turn(10ms);
            ASSERT_TRUE(settled);
        }
    };

    LocalBacking::Options options() const {
        LocalBacking::Options made;
        made.database.directory = directory_.path();
        return made;
    }

    TemporaryDirectory directory_;
    WallMillis now_ = 1'700'000'000'000;
};

Operation put(std::string key, std::string value, Seconds term = 0s) {
    return {.verb = Verb::put, .key = std::move(key), .value = std::move(value), .term = term};
}
Operation get(std::string key) {
    return {.verb = Verb::get, .key = std::move(key)};
}
Operation list(std::string prefix, std::string after = "", std::int32_t amount = listed_max) {
    return {.verb = Verb::list, .key = std::move(prefix), .value = std::move(after), .amount = amount};
}

TEST_F(LocalBackingTest, RemembersAfterItWasClosed) {
    {
        Opened opened(options(), now_);
        opened.perform({put("v/a", "1"),
                        {.verb = Verb::weigh, .key = "e/a", .term = 100s, .good = 4},
                        {.verb = Verb::count, .key = "c/a", .term = 100s, .counts = {1}}});
        opened.settle();
        EXPECT_EQ(opened.backing.database().records(), 2U) << "counts are not written";
    }
    now_ += 100'000;
    Opened opened(options(), now_);
    EXPECT_EQ(opened.perform(get("v/a")).value, "1");
    EXPECT_DOUBLE_EQ(opened.perform({.verb = Verb::weigh, .key = "e/a"}).good, 2);
    EXPECT_FALSE(opened.perform({.verb = Verb::count, .key = "c/a"}).found);
}

TEST_F(LocalBackingTest, WritesByItselfAfterAWhile) {
    Opened opened(options(), now_);
    opened.perform(put("v/a", "1"));
    for (int turns = 0; turns < 200 && opened.backing.database().records() == 0; ++turns)
        opened.loop.turn(10ms);
    EXPECT_EQ(opened.backing.database().records(), 1U);
}

TEST_F(LocalBackingTest, ListsWhatIsWrittenAndWhatIsNotInOrder) {
    Opened opened(options(), now_);
    opened.perform({put("v/a", "old"), put("v/c", "3"), put("v/d", "gone"), put("w/a", "other")});
    opened.settle();
    opened.perform({put("v/a", "new"), put("v/b", "2", 10s), {.verb = Verb::erase, .key = "v/d"}});
    const auto keys = [&](const Operation& operation) {
        std::string text;
        for (const Outcome& outcome : opened.perform(Operations{operation}))
            text += fmt::format("{}={} ", outcome.key, outcome.value);
        return text;
    };
    EXPECT_EQ(keys(list("v/")), "v/a=new v/b=2 v/c=3 ");
    EXPECT_EQ(keys(list("v/", "v/a", 1)), "v/b=2 ");
    EXPECT_EQ(keys(list("v/", "v/b")), "v/c=3 ");
    EXPECT_EQ(keys(list("")), "v/a=new v/b=2 v/c=3 w/a=other ");
    EXPECT_EQ(keys(list("x/")), "");
    now_ += 10'000;
    EXPECT_EQ(keys(list("v/")), "v/a=new v/c=3 ");
}

TEST_F(LocalBackingTest, ExpiredRecordsLeaveTheDisk) {
    Opened opened(options(), now_);
    for (int i = 0; i < 100; ++i)
        opened.perform(put(fmt::format("v/{}", i), "1", 10s));
    opened.settle();
    EXPECT_EQ(opened.backing.database().records(), 100U);
    now_ += 10'000;
    opened.perform(put("w", "1"));
    opened.settle();
    EXPECT_EQ(opened.backing.database().records(), 1U);
}

TEST_F(LocalBackingTest, FloodOfStrangersPushesOutStrangers) {
    auto small = options();
    small.database.records_max = 2000;
    Opened opened(small, now_);
    for (int i = 0; i < 200; ++i)
        opened.perform(
            {.verb = Verb::weigh, .key = fmt::format("e/{}.regular", i * 97), .term = 86'400s, .good = 20});
    opened.settle();
    for (int i = 0; i < 50'000; ++i) {
        opened.perform(
            {.verb = Verb::weigh, .key = fmt::format("e/{}.stranger", i), .term = 86'400s, .bad = 0.1});
        if (i % 1000 == 0) opened.settle();
    }
    opened.settle();
    for (int i = 0; i < 10; ++i) {
        opened.perform(put("last", "write"));
        opened.settle();
    }
    EXPECT_LE(opened.backing.database().records(), small.database.records_max + 10);
    for (int i = 0; i < 200; ++i)
        EXPECT_TRUE(opened.perform({.verb = Verb::weigh, .key = fmt::format("e/{}.regular", i * 97)}).found)
            << i;
}

TEST_F(LocalBackingTest, UnwrittenRecordsAreBounded) {
    auto small = options();
    small.unwritten_max = 2;
    small.commit_every = 1h;
    Opened opened(small, now_);
    opened.perform({put("a", "1"), put("b", "1"), put("c", "1"), put("a", "2")});
    EXPECT_EQ(opened.perform(get("a")).value, "2");
    EXPECT_FALSE(opened.perform(get("c")).found);
}

TEST_F(LocalBackingTest, ActsAreNeverDropped) {
    auto small = options();
    small.unwritten_max = 1;
    small.commit_every = 1h;
    Opened opened(small, now_);
    opened.perform({put("a", "1"), put("act/192.0.2.1/32", "reject root")});
    EXPECT_TRUE(opened.perform(get("act/192.0.2.1/32")).found);
    opened.settle();
    opened.perform({put("b", "1"), put("c", "1")});
    std::string why;
    opened.backing.settle([&](std::string_view reason) { why = reason; });
    EXPECT_EQ(why, "too many changes wait for the disk");
}

/// While it exists, no file of this process can grow: as on a full disk.
class NoRoom {
  public:
    NoRoom() {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit now = before_;
        now.rlim_cur = 4096;
        ::setrlimit(RLIMIT_FSIZE, &now);
        ignored_ = std::signal(SIGXFSZ, SIG_IGN);
    }
    NoRoom(const NoRoom&) = delete;
    NoRoom& operator=(const NoRoom&) = delete;
    ~NoRoom() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, ignored_);
    }

  private:
    rlimit before_{};
    void (*ignored_)(int) = nullptr;
};

TEST_F(LocalBackingTest, WhatCannotBeWrittenIsTriedAgainAndSaid) {
    Opened opened(options(), now_);
    std::optional<std::string> why;
    const auto settle = [&] {
        why.reset();
        opened.backing.settle([&](std::string_view reason) { why = reason; });
        for (int turns = 0; turns < 1000 && !why; ++turns)
            opened.loop.turn(10ms);
    };
    {
        const NoRoom no_room;
        opened.perform(put("a", "1"));
        settle();
        EXPECT_EQ(why, "File too large");
        settle();
        EXPECT_EQ(why, "File too large") << "it is still not written";
        EXPECT_EQ(opened.told, std::vector<std::string>{"store_write_failed"}) << "told once";
        EXPECT_TRUE(opened.perform(get("a")).found);
    }
    settle();
    EXPECT_EQ(why, "");
    EXPECT_EQ(opened.told.back(), "store_written_again");
    EXPECT_EQ(opened.backing.database().records(), 1U);
}

/// Makes another change in each turn, so that something is always unwritten.
TEST_F(LocalBackingTest, WhatComesLaterIsNotWaitedFor) {
    Opened opened(options(), now_);
    bool settled = false;
    opened.perform(put("a", "1"));
    opened.backing.settle([&](std::string_view) { settled = true; });
    std::function<void(int)> keep_busy = [&](int number) {
        opened.perform(put(fmt::format("b/{}", number % 100), "1"));
        if (!settled) opened.loop.defer([&, number] { keep_busy(number + 1); });
    };
    keep_busy(0);
    EXPECT_TRUE(turn_until(opened.loop, [&] { return settled; }));
    settled = true;  // the last of them ends the chain
    opened.loop.turn(0ms);
}

TEST_F(LocalBackingTest, DamagedDatabaseIsPutAside) {
    {
        Opened opened(options(), now_);
        opened.perform(put("a", "1"));
        opened.settle();
    }
    const auto file = std::filesystem::path(directory_.path()) / "data.mdb";
    std::ofstream(file, std::ios::in | std::ios::binary) << std::string(8192, 'x');
    Opened opened(options(), now_);
    EXPECT_EQ(opened.told, std::vector<std::string>{"store_damaged"});
    EXPECT_FALSE(opened.perform(get("a")).found);
    EXPECT_TRUE(std::filesystem::exists(file.string() + ".damaged"));
    opened.perform(put("a", "2"));
    opened.settle();
}

TEST_F(LocalBackingTest, NoDirectoryIsAnErrorAtStart) {
    auto nowhere = options();
    nowhere.database.directory += "/missing";
    EXPECT_THROW(Opened(nowhere, now_), std::runtime_error);
}

/// Writes 0 when it is about to begin, then puts 1, 2, 3 … and writes which of them are safe, until it is
/// killed.
[[noreturn]] void write_until_killed(const LocalBacking::Options& options, int pipe) {
    net::Loop loop;
    LocalBacking backing(loop, options, [] { return WallMillis{1'700'000'000'000}; }, [](auto, auto) {});
    for (std::uint64_t number = 0;; ++number) {
        backing.perform({put(fmt::format("v/{:012}", number), "x")}, [](const auto&) {});
        if (number % 50 == 0) {
            bool safe = false;
            backing.settle([&](std::string_view) { safe = true; });
            while (!safe)
                loop.turn(10ms);
            if (::write(pipe, &number, sizeof number) != sizeof number) ::_exit(1);
        }
    }
}

TEST_F(LocalBackingTest, KillLosesNothingThatIsSafeAndDamagesNothing) {
    std::mt19937 random(20261121);  // NOLINT(cert-msc51-cpp): the same moments each time
    std::uint64_t safe = 0;
    for (int round = 0; round < 15; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const net::Fd from(ends[0]);
        net::Fd to(ends[1]);
        const pid_t child = ::fork();
        if (child == 0) write_until_killed(options(), to.get());
        to.reset();
        std::uint64_t number = 0;
        ASSERT_EQ(::read(from.get(), &number, sizeof number), ssize_t{sizeof number}) << "it has begun";
        std::this_thread::sleep_for(
            std::chrono::microseconds(std::uniform_int_distribution(5'000, 60'000)(random)));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        while (::read(from.get(), &number, sizeof number) == sizeof number)
            safe = std::max(safe, number);
        Opened opened(options(), now_);
        EXPECT_TRUE(opened.told.empty()) << "not damaged";
        for (number = 1; number <= safe; ++number)
            ASSERT_TRUE(opened.perform(get(fmt::format("v/{:012}", number))).found) << number;
    }
    EXPECT_GT(safe, 0U) << "the test proves nothing";
}

}  // namespace
}  // namespace sluice::store
