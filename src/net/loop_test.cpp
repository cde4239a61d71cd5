#include "net/loop.hpp"

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Pair {
    Fd ours, theirs;
    Pair() {
        int fds[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) std::abort();
        ours.reset(fds[0]);
        theirs.reset(fds[1]);
    }
    void poke() const { EXPECT_EQ(::send(theirs.get(), "x", 1, MSG_NOSIGNAL), 1); }
};

struct TestHandler final : IoHandler {
    std::function<void(std::uint32_t)> then = [](std::uint32_t) {};
    int calls = 0;
    void on_io(std::uint32_t events) override {
        ++calls;
        then(events);
    }
};

/// A handler to retire that watches nothing.
struct Retiring : IoHandler {
    void on_io(std::uint32_t) override {}
};

struct TestTimer final : Timer {
    std::function<void()> then = [] {};
    void on_timer() override { then(); }
};

TEST(Loop, EdgeTriggeredTellsOnceAndLevelTriggeredAgain) {
    Loop loop;
    const Pair edge_pair, level_pair;
    TestHandler edge, level;
    ASSERT_TRUE(loop.watch(edge_pair.ours.get(), edge, EPOLLIN | EPOLLET));
    ASSERT_TRUE(loop.watch(level_pair.ours.get(), level, EPOLLIN));
    edge_pair.poke();
    level_pair.poke();
    loop.turn(0ms);
    loop.turn(0ms);
    EXPECT_EQ(edge.calls, 1);
    EXPECT_EQ(level.calls, 2);
    loop.unwatch(level_pair.ours.get());
    loop.turn(0ms);
    EXPECT_EQ(level.calls, 2);
}

TEST(Loop, RewatchTellsWhatIsReadyAlready) {
    Loop loop;
    const Pair pair;
    TestHandler handler;
    std::uint32_t told = 0;
    handler.then = [&told](std::uint32_t events) { told = events; };
    ASSERT_TRUE(loop.watch(pair.ours.get(), handler, EPOLLIN | EPOLLET));
    loop.turn(0ms);
    EXPECT_EQ(handler.calls, 0);
    loop.rewatch(pair.ours.get(), handler, EPOLLIN | EPOLLOUT | EPOLLET);
    loop.turn(0ms);
    EXPECT_EQ(told, static_cast<std::uint32_t>(EPOLLOUT));
    pair.poke();
    loop.turn(0ms);
    EXPECT_EQ(told, static_cast<std::uint32_t>(EPOLLIN | EPOLLOUT));
    EXPECT_EQ(handler.calls, 2);
}

TEST(Loop, WatchSaysWhyItCannot) {
    Loop loop;
    TestHandler handler;
    EXPECT_FALSE(loop.watch(-1, handler, EPOLLIN));
    EXPECT_EQ(errno, EBADF);
}

TEST(Loop, ClosingEndsTheWatch) {
    Loop loop;
    TestHandler handler;
    {
        const Pair pair;
        ASSERT_TRUE(loop.watch(pair.ours.get(), handler, EPOLLIN));
        pair.poke();
    }
    loop.turn(0ms);
    EXPECT_EQ(handler.calls, 0);
}

TEST(Loop, MoreEventsThanABatch) {
    Loop loop;
    std::vector<Pair> pairs(300);
    std::vector<TestHandler> handlers(pairs.size());
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        ASSERT_TRUE(loop.watch(pairs[i].ours.get(), handlers[i], EPOLLIN | EPOLLET));
        pairs[i].poke();
    }
    loop.turn(0ms);
    loop.turn(0ms);
    for (const auto& handler : handlers)
        EXPECT_EQ(handler.calls, 1);
}

TEST(Loop, ATurnIsEventsTimersDeferredWorkRetirement) {
    Loop loop;
    std::string order;
    struct Witness final : IoHandler {
        void on_io(std::uint32_t) override {}
        std::string& order;
        explicit Witness(std::string& o) : order(o) {}
        ~Witness() override { order += "retired "; }
    };
    const Pair pair;
    TestHandler handler;
    TestTimer timer;
    handler.then = [&](std::uint32_t) {
        loop.retire(std::make_unique<Witness>(order));
        loop.defer([&] { order += "deferred "; });
        loop.arm(timer, -TimerWheel::tick);
        order += "event ";
    };
    timer.then = [&] { order += "timer "; };
    ASSERT_TRUE(loop.watch(pair.ours.get(), handler, EPOLLIN | EPOLLET));
    pair.poke();
    loop.turn(0ms);
    EXPECT_EQ(order, "event timer deferred retired ");
}

TEST(Loop, RetiredHandlerMayHearAnEventOfTheSameTurn) {
    struct Session final : IoHandler {
        Pair pair;
        std::unique_ptr<Session>* other = nullptr;
        Loop* loop = nullptr;
        int* heard = nullptr;
        void on_io(std::uint32_t) override {
            ++*heard;
            if (*other) loop->retire(std::move(*other));
        }
    };
    Loop loop;
    int heard = 0;
    std::array<std::unique_ptr<Session>, 2> sessions{std::make_unique<Session>(),
                                                     std::make_unique<Session>()};
    for (std::size_t i = 0; i < 2; ++i) {
        sessions[i]->other = &sessions[1 - i];
        sessions[i]->loop = &loop;
        sessions[i]->heard = &heard;
        ASSERT_TRUE(loop.watch(sessions[i]->pair.ours.get(), *sessions[i], EPOLLIN | EPOLLET));
        sessions[i]->pair.poke();
    }
    loop.turn(0ms);
    EXPECT_EQ(heard, 2);
    EXPECT_EQ(sessions[0], nullptr);
    EXPECT_EQ(sessions[1], nullptr);
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): the loop destroys what is retired to it
}

// NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): the loop destroys what is retired to it
TEST(Loop, RetiringFromADestructorIsHonoured) {
    struct Last final : IoHandler {
        void on_io(std::uint32_t) override {}
        bool& gone;
        explicit Last(bool& g) : gone(g) {}
        ~Last() override { gone = true; }
    };
    struct First final : IoHandler {
        void on_io(std::uint32_t) override {}
        Loop& loop;
        bool& gone;
        First(Loop& l, bool& g) : loop(l), gone(g) {}
        ~First() override { loop.retire(std::make_unique<Last>(gone)); }
    };
    bool gone = false;
    {
        Loop loop;
        loop.retire(std::make_unique<First>(loop, gone));
        loop.turn(0ms);
        EXPECT_TRUE(gone);
        gone = false;
        loop.retire(std::make_unique<First>(loop, gone));
    }
    EXPECT_TRUE(gone);
}

TEST(Loop, WorkDeferredByDeferredWorkRunsNextTurnWithoutSleeping) {
    Loop loop;
    std::string order;
    loop.defer([&] {
        order += "1";
        loop.defer([&] { order += "3"; });
    });
    loop.defer([&] { order += "2"; });
    loop.turn(10s);
    EXPECT_EQ(order, "12");
    const auto start = Clock::now();
    loop.turn(10s);
    EXPECT_EQ(order, "123");
    EXPECT_LT(Clock::now() - start, 1s);
}

TEST(Loop, DeferringSmallWorkAllocatesNothing) {
    static int allocations = 0;
    struct Work {
        void* a = nullptr;
        void* b = nullptr;
        void* c = nullptr;
        void operator()() const {}
        static void* operator new(std::size_t size) {
            ++allocations;
            return ::operator new(size);
        }
        static void operator delete(void* work) { ::operator delete(work); }
    };
    Loop loop;
    loop.defer(Work{});
    EXPECT_EQ(allocations, 0);
}

TEST(Loop, TimersFireInRealTimeNeverEarlyAndWithoutSpinning) {
    Loop loop;
    TestTimer timer;
    bool fired = false;
    timer.then = [&] { fired = true; };
    const auto start = Clock::now();
    loop.turn(0ms);  // so that now() is current
    loop.arm(timer, 50ms);
    int turns = 0;
    while (!fired) {
        loop.turn(10s);
        ++turns;
    }
    const auto took = Clock::now() - start;
    EXPECT_GE(took, 49ms);
    EXPECT_LT(took, 2s);
    EXPECT_LE(turns, 3);
}

TEST(Loop, PostWakesASleepingLoopFromAnotherThread) {
    Loop loop;
    int ran = 0;
    std::jthread poster([&] {
        for (int i = 0; i < 1000; ++i)
            loop.post([&] {
                if (++ran == 1000) loop.stop();
            });
    });
    loop.run();
    EXPECT_EQ(ran, 1000);
}

TEST(Loop, DestructionDropsWhatWaits) {
    const auto witness = std::make_shared<int>(0);
    {
        Loop loop;
        loop.defer([witness] { ++*witness; });
        loop.post([witness] { ++*witness; });
    }
    EXPECT_EQ(*witness, 0);
    EXPECT_EQ(witness.use_count(), 1);
}

}  // namespace
}  // namespace sluice::net
