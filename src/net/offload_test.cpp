#include "net/offload.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <gtest/gtest.h>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "net/loop.hpp"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

TEST(Offload, WorksInOrderElsewhereAndCompletesOnTheLoop) {
    Loop loop;
    Offload offload{loop};
    const auto here = std::this_thread::get_id();
    std::vector<int> worked, done;
    for (int i = 0; i < 100; ++i) {
        const bool taken = offload.submit(
            [&, i] {
                EXPECT_NE(std::this_thread::get_id(), here);
                worked.push_back(i);
            },
            [&, i] {
                EXPECT_EQ(std::this_thread::get_id(), here);
                done.push_back(i);
                if (i == 99) loop.stop();
            });
        ASSERT_TRUE(taken);
    }
    loop.run();
    ASSERT_EQ(worked.size(), 100U);
    EXPECT_EQ(worked, done);
    EXPECT_TRUE(std::ranges::is_sorted(done));
}

TEST(Offload, QueueIsBounded) {
    Loop loop;
    Offload offload{loop};
    std::latch started{1}, go_on{1};
    ASSERT_TRUE(offload.submit(
        [&] {
            started.count_down();
            go_on.wait();
        },
        nullptr));
    started.wait();
    for (std::size_t i = 0; i < Offload::queue_max; ++i)
        ASSERT_TRUE(offload.submit([] {}, nullptr)) << i;
    EXPECT_FALSE(offload.submit([] {}, nullptr));
    go_on.count_down();
}

TEST(Offload, DestructionFinishesWhatIsUnderWayDropsTheRestAndCompletesNothing) {
    Loop loop;
    std::atomic<bool> first_done = false, second_ran = false;
    int completions = 0;
    {
        Offload offload{loop};
        std::latch started{1};
        ASSERT_TRUE(offload.submit(
            [&] {
                started.count_down();
                std::this_thread::sleep_for(50ms);
                first_done = true;
            },
            [&] { ++completions; }));
        started.wait();
        ASSERT_TRUE(offload.submit([&] { second_ran = true; }, [&] { ++completions; }));
    }
    EXPECT_TRUE(first_done);
    EXPECT_FALSE(second_ran);
    loop.turn(0ms);
    EXPECT_EQ(completions, 0);
}

TEST(Offload, WhatWorkOwnsEndsOnTheThreadAndWhatDoneOwnsOnTheLoop) {
    struct Witness {
        std::thread::id& ended;
        explicit Witness(std::thread::id& e) : ended(e) {}
        ~Witness() { ended = std::this_thread::get_id(); }
    };
    Loop loop;
    std::thread::id of_work, of_done;
    {
        Offload offload{loop};
        ASSERT_TRUE(offload.submit([w = std::make_unique<Witness>(of_work)] {},
                                   [&, w = std::make_unique<Witness>(of_done)] { loop.stop(); }));
        loop.run();
    }
    EXPECT_NE(of_work, std::this_thread::get_id());
    EXPECT_EQ(of_done, std::this_thread::get_id());
}

TEST(Offload, SignalsStayWithTheLoop) {
    Loop loop;
    Offload offload{loop};
    sigset_t mask;
    ::sigemptyset(&mask);
    ASSERT_TRUE(
        offload.submit([&] { ::pthread_sigmask(SIG_SETMASK, nullptr, &mask); }, [&] { loop.stop(); }));
    loop.run();
    EXPECT_TRUE(::sigismember(&mask, SIGTERM));
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    EXPECT_FALSE(::sigismember(&mask, SIGTERM));
}

}  // namespace
}  // namespace sluice::net
