#include "app/process/metric_pages.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

std::uint64_t of(const MetricPages& pages, Metric metric) {
    return pages.totals().at(metric_layout::firsts.at(static_cast<std::size_t>(metric)));
}

/// Runs `work` in a child process and returns how it ended.
template <class Work>
int in_child(Work work) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        (void)std::signal(SIGSEGV, SIG_DFL);  // a sanitizer would report it and exit
        work();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status;
}

TEST(MetricPages, WhatAChildHasCountedOutlivesIt) {
    MetricPages pages;
    const auto page = pages.take();
    for (int i = 0; i < 2; ++i) {
        const MetricPages::Bequest its_own(*page);
        EXPECT_EQ(in_child([&] { page->add(Metric::store_questions); }), 0);
    }
    EXPECT_EQ(of(pages, Metric::store_questions), 2U);
}

TEST(MetricPages, AChildReachesItsOwnPageOnly) {
    MetricPages pages;
    const auto page = pages.take();
    const auto other = pages.take();
    ASSERT_NE(page, other);
    const MetricPages::Bequest its_own(*page);
    EXPECT_TRUE(WIFSIGNALED(in_child([&] { other->add(Metric::store_questions); })));
    EXPECT_EQ(of(pages, Metric::store_questions), 0U);
}

TEST(MetricPages, ASeatThatIsLeftKeepsItsCountForTheNext) {
    MetricPages pages;
    const Metrics* first = nullptr;
    {
        const auto page = pages.take();
        const auto other = pages.take();
        first = page.get();
        page->add(Metric::worker_deaths);
    }
    EXPECT_EQ(of(pages, Metric::worker_deaths), 1U);
    const auto again = pages.take();
    EXPECT_EQ(again.get(), first);
    again->add(Metric::worker_deaths);
    EXPECT_EQ(of(pages, Metric::worker_deaths), 2U);
}

}  // namespace
}  // namespace sluice::app
