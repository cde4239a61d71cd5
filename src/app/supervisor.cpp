#include "app/supervisor.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fmt/format.h>
#include <utility>

#include "app/exit_codes.hpp"
#include "app/worker.hpp"

namespace sluice::app {

namespace {

Instant now() {
    return Instant(std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch()));
}

timespec to_timespec(Millis time) {
    return {static_cast<time_t>(time.count() / 1000), static_cast<long>(time.count() % 1000) * 1'000'000};
}

}  // namespace

Supervisor::Supervisor(const Config& config, const Certificates* certificates,
                       std::vector<WorkerListeners> listeners, LogFile& log_file, const EventLog& events)
    : config_(config),
      certificates_(certificates),
      log_file_(log_file),
      events_(events),
      exit_code_(exit_ok) {
    seats_.resize(listeners.size());
    for (std::size_t i = 0; i < seats_.size(); ++i) {
        seats_[i].listeners = std::move(listeners[i]);
        seats_[i].start_at = Instant{};
    }
    sigemptyset(&signals_);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1})
        sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

int Supervisor::run() {
    for (;;) {
        if (const auto code = start_due()) return *code;
        const timespec wait = to_timespec(until_due());
        const int signal = sigtimedwait(&signals_, nullptr, &wait);
        if (signal > 0) on_signal(signal);
        // SIGCHLD of several children may come as one: look every time.
        reap();
        if (kill_at_ && !anybody()) break;
        if (kill_at_ && !killed_ && now() >= *kill_at_) {
            events_.event("workers_killed", {});
            signal_workers(SIGKILL);
            killed_ = true;
        }
    }
    events_.event("ended", {{"exit_code", std::int64_t{exit_code_}}});
    return exit_code_;
}

std::optional<int> Supervisor::start_due() {
    for (Seat& seat : seats_)
        if (seat.start_at && now() >= *seat.start_at)
            if (const auto code = start(seat)) return code;
    return std::nullopt;
}

std::optional<int> Supervisor::start(Seat& seat) {
    const pid_t supervisor = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) return be_worker(seat, supervisor);
    if (pid < 0) {
        events_.event("worker_not_forked",
                      {{"worker", &seat - seats_.data()}, {"errno", std::int64_t{errno}}});
        seat.start_at = now() + seat.backoff.died_after(Millis{0});
        return std::nullopt;
    }
    seat.pid = pid;
    seat.since = now();
    seat.start_at.reset();
    return std::nullopt;
}

int Supervisor::be_worker(Seat& seat, pid_t supervisor) {
    // SIGTERM rather than SIGKILL: if the supervisor is killed, what clients have under way still finishes.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != supervisor) return exit_failed;
    const auto index = static_cast<unsigned>(&seat - seats_.data());
    ::prctl(PR_SET_NAME, fmt::format("sluice-{}", index).c_str());
    for (Seat& other : seats_)
        if (&other != &seat) other.listeners.clear();
    return run_worker(config_, certificates_, index, seat.listeners, log_file_);
}

void Supervisor::on_signal(int signal) {
    if (signal == SIGHUP || signal == SIGUSR1) {
        if (!log_file_.reopen()) events_.event("log_not_reopened", {});
        signal_workers(signal);
        return;
    }
    if (signal != SIGTERM && signal != SIGINT) return;
    if (!kill_at_)
        stop(now() + config_.front.drain_max + end_grace);
    else if (signal == SIGINT)
        kill_at_ = now();
}

void Supervisor::stop(Instant deadline) {
    events_.event("draining", {});
    kill_at_ = deadline;
    for (Seat& seat : seats_) {
        // Nobody is to wait in a queue that will not be served again.
        seat.listeners.clear();
        seat.start_at.reset();
    }
    signal_workers(SIGTERM);
}

void Supervisor::reap() {
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
        const auto seat = std::ranges::find(seats_, pid, &Seat::pid);
        if (seat != seats_.end()) died(*seat, status);
    }
}

void Supervisor::died(Seat& seat, int status) {
    const std::int64_t index = &seat - seats_.data();
    const std::int64_t pid = std::exchange(seat.pid, 0);
    const bool cannot_start = WIFEXITED(status) && WEXITSTATUS(status) == exit_cannot_start;
    const bool first = !std::exchange(seat.started_once, true);
    if (kill_at_) return;
    if (cannot_start && first) {
        exit_code_ = exit_failed;
        fmt::print(stderr, "sluice: a worker cannot start; the log says why\n");
        stop(now() + end_grace);
        return;
    }
    const Millis pause = seat.backoff.died_after(now() - seat.since);
    seat.start_at = now() + pause;
    const bool signalled = WIFSIGNALED(status);
    events_.event("worker_died", {{"worker", index},
                                  {"pid", pid},
                                  {signalled ? "signal" : "exit_code",
                                   std::int64_t{signalled ? WTERMSIG(status) : WEXITSTATUS(status)}},
                                  {"restart_in_ms", pause.count()}});
    if (seat.backoff.looping())
        events_.event("worker_crash_loop",
                      {{"worker", index}, {"deaths", std::int64_t{seat.backoff.deaths()}}});
}

void Supervisor::signal_workers(int signal) const {
    for (const Seat& seat : seats_)
        if (seat.pid > 0) ::kill(seat.pid, signal);
}

bool Supervisor::anybody() const {
    return std::ranges::any_of(seats_, [](const Seat& seat) { return seat.pid > 0; });
}

Millis Supervisor::until_due() const {
    Instant due = now() + Seconds{3600};
    for (const Seat& seat : seats_)
        if (seat.start_at) due = std::min(due, *seat.start_at);
    if (kill_at_ && !killed_) due = std::min(due, *kill_at_);
    return std::max(due - now(), Millis{0});
}

}  // namespace sluice::app
