#include "app/supervisor/seat.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <fmt/format.h>
#include <utility>

#include "app/process/exit_codes.hpp"
#include "app/process/start_error.hpp"
#include "app/worker/worker.hpp"

namespace sluice::app {

void Crew::Seat::start() {
    Channel channel;
    pid_t pid = -1;
    const pid_t supervisor = ::getpid();
    try {
        channel = open_channel();
        const MetricPages::Bequest its_own(*metrics_);
        pid = ::fork();
    } catch (const StartError&) {
        pid = -1;
    }
    if (pid == 0) be_worker(std::move(channel.worker), supervisor);
    if (pid < 0) {
        crew_.events_.event("worker_not_forked",
                            {{"worker", std::int64_t{index_}}, {"errno", std::int64_t{errno}}});
        return crew_.loop_.arm(*this, backoff_.died_after(Millis{0}));
    }
    pid_ = pid;
    metrics_->add(Metric::workers);
    since_ = crew_.loop_.now();
    silent_s_ = 0;
    channel_ = std::move(channel.supervisor);
    // If this fails, the worker seems to be silent; look() then kills it and it is replaced.
    (void)crew_.loop_.watch(channel_.get(), *this, EPOLLIN);
}

void Crew::Seat::be_worker(net::Fd channel, pid_t supervisor) {
    const Generation& generation = *crew_.generation_;
    WorkerTask task{.config = generation.config,
                    .certificates = generation.certificates.get(),
                    .registers = generation.registers.get(),
                    .index = index_,
                    .log_file = *generation.log_file,
                    .listeners = {},
                    .channel = std::move(channel),
                    .metrics = *metrics_};
    std::vector<int> kept{task.channel.get(), generation.log_file->fd()};
    for (const ListeningSocket& listener : crew_.listeners_.of(index_)) {
        kept.push_back(listener->fd.get());
        task.listeners.push_back({net::Fd(listener->fd.get()), listener->wrapping});
    }
    guard::close_all_but(kept);
    ::prctl(PR_SET_NAME, fmt::format("sluice-{}", index_).c_str());
    const int code = run_sandboxed(std::move(task), sandbox_of(generation), supervisor);
    // exit() runs no destructors of the stack below, which belongs to the supervisor. The worker's threads
    // have ended.
    std::exit(code);  // NOLINT(concurrency-mt-unsafe)
}

void Crew::Seat::on_io(std::uint32_t) {
    bool over = false;
    // One note per turn of the loop: a compromised worker that sends without end cannot starve the other
    // handlers.
    if (const auto received = receive_note(channel_.get(), over)) {
        silent_s_ = 0;
        if (received->note == Note::serving && !std::exchange(has_served_, true)) crew_.changed_();
        if (received->note == Note::sessions && listed_) std::exchange(listed_, nullptr)(received->text);
    }
    if (over) forget_channel();
}

void Crew::Seat::look() {
    if (pid_ == 0 || ++silent_s_ <= silent_s_max) return;
    crew_.events_.event("worker_hung", {{"worker", std::int64_t{index_}},
                                        {"pid", std::int64_t{pid_}},
                                        {"silent_s", std::int64_t{silent_s_}}});
    signal(SIGKILL);
}

void Crew::Seat::died(int status) {
    const std::int64_t pid = std::exchange(pid_, 0);
    metrics_->forget_gauges();
    const std::int64_t index = index_;
    forget_channel();
    const bool signalled = WIFSIGNALED(status);
    const std::int64_t how = signalled ? WTERMSIG(status) : WEXITSTATUS(status);
    const std::string_view kind = signalled ? "signal" : "exit_code";
    if (!signalled && how == exit_cannot_start && !crew_.was_ready_) crew_.failed_ = true;
    if (crew_.leaving_ || crew_.failed_) {
        if (how != 0) crew_.events_.event("worker_died", {{"worker", index}, {"pid", pid}, {kind, how}});
        return;
    }
    metrics_->add(Metric::worker_deaths);
    const Millis pause = backoff_.died_after(crew_.loop_.now() - since_);
    crew_.events_.event(
        "worker_died",
        {{"worker", index}, {"pid", pid}, {kind, how}, {"restart_in_ms", std::int64_t{pause.count()}}});
    if (backoff_.looping()) {
        crew_.events_.event("worker_crash_loop",
                            {{"worker", index}, {"deaths", std::int64_t{backoff_.deaths()}}});
        // Give up only where an earlier generation still serves; the first one has nothing to fall back on.
        if (!crew_.was_ready_ && crew_.generation_->number > 1) crew_.failed_ = true;
    }
    crew_.loop_.arm(*this, pause);
}

bool Crew::Seat::order(Order order, int descriptor) const {
    return pid_ > 0 && channel_ && send_order(channel_.get(), order, descriptor);
}

void Crew::Seat::list_sessions(Listed listed) {
    if (order(Order::list))
        listed_ = std::move(listed);
    else
        listed({});
}

void Crew::Seat::forget_channel() {
    if (listed_) std::exchange(listed_, nullptr)({});
    if (!channel_) return;
    // Unwatch before the close: a worker forked since may hold a copy for an instant, and epoll would still
    // report it.
    crew_.loop_.unwatch(channel_.get());
    channel_.reset();
}

}  // namespace sluice::app
