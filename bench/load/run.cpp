#include "load/run.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <stdexcept>
#include <string>

namespace load {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr milliseconds sweep_interval{500};
/// The time that units in progress at the end of a timed run may take to end well.
constexpr seconds linger_max{5};

}  // namespace

Run::Run(const Options& options)
    : options_(options),
      common_{.epoll = ::epoll_create1(EPOLL_CLOEXEC),
              .now = steady_clock::now(),
              .agenda = {},
              .random = std::mt19937_64(options.seed)},
      swept_(common_.now),
      second_end_(common_.now + seconds(1)) {
    if (common_.epoll < 0) throw std::runtime_error(strerrordesc_np(errno));
    if (options_.seconds > 0) {
        common_.over = common_.now + std::chrono::duration_cast<Time::duration>(
                                         std::chrono::duration<double>(options_.seconds));
    }
    for (const ClassOptions& one : options_.classes) {
        crews_.push_back(
            std::make_unique<Crew>(one, static_cast<std::uint32_t>(crews_.size()), options_.target, common_));
    }
}

Run::~Run() {
    crews_.clear();
    ::close(common_.epoll);
}

int Run::to_the_end() {
    const Time begun = common_.now;
    while (!over()) {
        Time until = std::min(start_due(), common_.agenda.next());
        until = std::min(until, swept_ + sweep_interval);
        if (options_.every_second) until = std::min(until, second_end_);
        turn(stopping_ ? until : std::min(until, common_.over));
    }
    return print_result(begun) ? 0 : 1;
}

bool Run::over() {
    if (!stopping_ && (stopped_ || common_.now >= common_.over)) {
        stopping_ = true;
        stopped_at_ = common_.now;
        for (const auto& crew : crews_)
            crew->stop();
    }
    // Classes without an end of their own stay until all others are done: the last good mail of a run meets
    // the same attack as the first.
    const bool only_endless =
        std::ranges::all_of(crews_, [](const auto& crew) { return crew->done() || !crew->ends_alone(); });
    if (stopping_ && (only_endless || common_.now - stopped_at_ > linger_max)) {
        for (const auto& crew : crews_)
            crew->end_rest();
    }
    return std::ranges::all_of(crews_, [](const auto& crew) { return crew->done(); });
}

Time Run::start_due() {
    Time next = Time::max();
    for (const auto& crew : crews_)
        next = std::min(next, crew->start_due());
    return next;
}

void Run::turn(Time until) {
    // Nanoseconds, because an open loop whose clients come late by a scheduler's tick would blame the server.
    const auto wait = std::max(nanoseconds(0), nanoseconds(until - steady_clock::now()));
    const timespec timeout{.tv_sec = wait / seconds(1), .tv_nsec = (wait % seconds(1)).count()};
    std::array<epoll_event, 256> events;
    const int count = ::epoll_pwait2(common_.epoll, events.data(), events.size(), &timeout, nullptr);
    common_.now = steady_clock::now();
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        crews_[event.data.u64 >> 32]->on_ready(static_cast<std::uint32_t>(event.data.u64), event.events);
    }
    while (const auto entry = common_.agenda.take(common_.now))
        crews_[entry->token >> 32]->on_time(static_cast<std::uint32_t>(entry->token), entry->at);
    if (common_.now - swept_ >= sweep_interval) sweep();
    if (options_.every_second && common_.now >= second_end_) report_second();
}

void Run::sweep() {
    swept_ = common_.now;
    for (const auto& crew : crews_)
        crew->sweep();
}

void Run::report_second() {
    unsigned open = 0;
    unsigned greeted = 0;
    std::uint64_t octets_read = 0;
    std::uint64_t replies = 0;
    std::uint64_t failed = 0;
    for (const auto& crew : crews_) {
        open += crew->open();
        greeted += crew->greeted();
        for (const auto& [name, tally] : crew->tallies()) {
            octets_read += tally->octets_read;
            replies += tally->replies;
            failed += tally->failed();
        }
    }
    fmt::print(R"({{"second":{},"open":{},"greeted":{},"octets_read":{},"replies":{},"failed":{}}})"
               "\n",
               second_, open, greeted, octets_read, replies, failed);
    (void)std::fflush(stdout);
    ++second_;
    second_end_ += seconds(1);
}

bool Run::print_result(Time begun) const {
    const std::chrono::duration<double> wall = steady_clock::now() - begun;
    std::string classes;
    std::uint64_t failed = 0;
    for (const auto& crew : crews_) {
        for (const auto& [name, tally] : crew->tallies()) {
            failed += tally->failed();
            if (options_.mode == "mix") {
                classes += fmt::format(R"({}"{}":{{{}}})", classes.empty() ? "" : ",", name, tally->json());
            }
        }
    }
    const std::string rest = options_.mode == "mix" ? fmt::format(R"("classes":{{{}}})", classes)
                                                    : crews_.front()->tallies().front().second->json();
    fmt::print(R"({{"mode":"{}","wall_s":{:.6f},{}}})"
               "\n",
               options_.mode, wall.count(), rest);
    return failed == 0;
}

}  // namespace load
