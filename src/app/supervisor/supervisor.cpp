#include "app/supervisor/supervisor.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <utility>

#include "app/process/exit_codes.hpp"
#include "app/process/start_error.hpp"
#include "app/process/systemd.hpp"
#include "app/worker/worker.hpp"
#include "net/socket.hpp"

namespace sluice::app {

namespace {

constexpr Millis look_every{1000};

}  // namespace

Supervisor::Supervisor(RunFlags flags, std::shared_ptr<const Generation> first, Listeners listeners,
                       std::vector<ListeningSocket> surplus, const Predecessor& predecessor)
    : flags_(std::move(flags)),
      program_(this_program()),
      signals_(loop_, {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1}, [this](int signal) { on_signal(signal); }),
      predecessor_(predecessor),
      crew_(std::make_unique<Crew>(loop_, pages_, std::move(first), std::move(listeners),
                                   [this] { review_later(); })),
      closing_(std::move(surplus)) {
    if (crew_->generation()->certificates) certificates_seen_ = crew_->generation()->certificates->version;
}

int Supervisor::run() {
    // Workers use a predecessor's store process, if there is one, until this supervisor has taken over.
    const std::string store = crew_->generation()->config.store_path();
    if (!predecessor_ || !net::connect_to({.tcp = {}, .path = store})) open_store(crew_->generation());
    crew_->start();
    loop_.arm(*this, look_every);
    loop_.run();
    events().event("ended", {{"exit_code", std::int64_t{exit_code_}}});
    return exit_code_;
}

/// Mail goes on without a store process, so a failure is only logged.
void Supervisor::open_store(std::shared_ptr<const Generation> generation) {
    if (!generation->config.remembers()) return;
    try {
        store_ = std::make_unique<StoreSeat>(loop_, std::move(generation));
    } catch (const StartError& error) {
        events().event("store_unavailable", {{"why", std::string_view(error.what())}});
    }
}

void Supervisor::on_timer() {
    loop_.arm(*this, look_every);
    for (Crew* crew : crews())
        crew->look();
    if (successor_ && !successor_->up() && loop_.now() >= upgrade_by_)
        successor_->end(loop_.now() >= upgrade_by_ + end_grace ? SIGKILL : SIGTERM);
    if (!busy()) renew_certificates();
    ping_watchdog();
    review_later();
}

void Supervisor::on_signal(int signal) {
    switch (signal) {
        case SIGCHLD: return reap();
        case SIGUSR1: return reopen_logs();
        case SIGHUP: reopen_logs(); return reload([](const auto&) {});
        case SIGINT:
            if (stopping_) return kill_all();
            [[fallthrough]];
        default: stop(crew_->generation()->config.front.drain_max + end_grace);
    }
}

std::vector<Crew*> Supervisor::crews() const {
    std::vector<Crew*> all{crew_.get()};
    if (change_) all.push_back(change_->crew.get());
    for (const auto& crew : retired_)
        all.push_back(crew.get());
    return all;
}

/// One SIGCHLD may stand for several children.
void Supervisor::reap() {
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
        if ((store_ && store_->died(pid, status)) ||
            std::erase_if(leaving_stores_, [&](const auto& seat) { return seat->died(pid, status); }) != 0) {
            review_later();
            continue;
        }
        for (Crew* crew : crews())
            if (crew->died(pid, status)) break;
    }
}

void Supervisor::review_later() {
    if (std::exchange(reviewing_, true)) return;
    loop_.defer([this] { review(); });
}

/// Acts on what the crews have become. This is the only place where a crew is destroyed.
void Supervisor::review() {
    reviewing_ = false;
    if (!up_ && !stopping_ && crew_->ready()) came_up();
    if (!up_ && !stopping_ && crew_->failed()) {
        exit_code_ = exit_failed;
        constexpr const char* text = "a worker cannot start; the log says why";
        fmt::print(stderr, "sluice: {}\n", text);
        predecessor_.complain(text);
        stop(end_grace);
    }
    if (change_ && change_->crew->ready())
        finish_change();
    else if (change_ && (change_->crew->failed() || loop_.now() >= change_->give_up_at))
        give_up_change();
    std::erase_if(retired_, [](const auto& crew) { return crew->empty(); });
    const bool ending = stopping_ || (successor_ && successor_->up());
    if (!ending || !crew_->empty() || !retired_.empty()) return;
    // The store process goes last: it must first hear how the last sessions went.
    if (store_ && !store_->ended()) return store_->end();
    // In a container this process is the first one, and its end is that of stores which still write.
    if (!leaving_stores_.empty()) return;
    loop_.stop();
}

/// All workers serve for the first time.
void Supervisor::came_up() {
    up_ = true;
    const std::string& directory = crew_->generation()->config.state_dir;
    // The store comes before say_up(): that report makes the predecessor send its workers, and ours, to this
    // store.
    if (predecessor_ && !store_) open_store(crew_->generation());
    predecessor_.say_up();
    close_later(std::exchange(closing_, {}));
    if (!directory.empty()) {
        try {
            control_ = std::make_unique<Control>(
                loop_, directory,
                [this](pid_t pid) {
                    return std::ranges::any_of(crews(), [&](const Crew* crew) { return crew->has(pid); });
                },
                [this](Command command, const Answer& answer) { obey(command, answer); });
        } catch (const StartError& error) {
            events().event("control_unavailable", {{"why", std::string_view(error.what())}});
        }
    }
    notify_service_manager("READY=1");
}

void Supervisor::obey(Command command, const Answer& answer) {
    switch (command) {
        case Command::reload: return reload(answer);
        case Command::upgrade: return upgrade(answer);
        case Command::sessions: return census_.ask(crews(), answer);
        case Command::metrics: return answer({.done = true, .lines = metrics_text(pages_.totals())});
    }
}

void Supervisor::stop(Seconds within) {
    if (std::exchange(stopping_, true)) return;
    events().event("draining", {});
    notify_service_manager("STOPPING=1");
    if (control_) loop_.retire(std::move(control_));
    if (successor_ && !successor_->up()) successor_->end(SIGTERM);
    const Instant deadline = loop_.now() + within;
    if (change_) {
        change_->answer(answer_of({"Sluice is being stopped"}));
        retired_.push_back(std::move(change_->crew));
        change_.reset();
    }
    for (const auto& crew : retired_)
        crew->drain(deadline);
    crew_->drain(deadline);
    // Close these at once: no client should wait in a queue that will not be served again.
    closing_.clear();
}

void Supervisor::kill_all() {
    events().event("workers_killed", {});
    for (Crew* crew : crews())
        crew->kill();
}

void Supervisor::reopen_logs() {
    for (Crew* crew : crews())
        crew->reopen_log();
}

/// Pings only while the loops of all workers turn, as ours does. A worker that hangs is killed and replaced
/// (Crew::look) before the service manager gives up on us. Should that fail, the service manager is right to
/// give up.
void Supervisor::ping_watchdog() const {
    if (watchdog_interval() && (stopping_ || crew_->healthy())) notify_service_manager("WATCHDOG=1");
}

}  // namespace sluice::app
