#include "app/supervisor/store_seat.hpp"

#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>
#include <utility>

#include "app/process/start_error.hpp"
#include "app/supervisor/store_process.hpp"
#include "net/local_socket.hpp"

namespace sluice::app {

namespace {

constexpr int backlog = 1024;

/// The time that the process has to write down what is still only in memory; it is killed after that.
constexpr Millis end_time_max{10'000};

/// Gives the socket to the workers' group, like its directory.
net::Fd listen_for_workers(const Generation& generation) {
    const std::string path = generation.config.store_path();
    const int group = generation.user ? ::setfsgid(generation.user->group) : -1;
    auto listener = net::listen_local(path, 0660, backlog);
    if (generation.user) ::setfsgid(static_cast<gid_t>(group));
    if (!listener) throw StartError(fmt::format("store socket {}: {}", path, listener.error().message()));
    return *std::move(listener);
}

}  // namespace

StoreSeat::StoreSeat(net::Loop& loop, std::shared_ptr<const Generation> generation)
    : loop_(loop), generation_(std::move(generation)), listener_(listen_for_workers(*generation_)) {
    start();
}

StoreSeat::~StoreSeat() {
    remove_file();
}

void StoreSeat::remove_file() {
    if (std::exchange(ours_, false)) ::unlink(generation_->config.store_path().c_str());
}

void StoreSeat::start() {
    const pid_t supervisor = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) be_store(supervisor);
    if (pid < 0) {
        events_of(*generation_).event("store_not_forked", {{"errno", std::int64_t{errno}}});
        return loop_.arm(*this, backoff_.died_after(Millis{0}));
    }
    pid_ = pid;
    since_ = loop_.now();
}

void StoreSeat::be_store(pid_t supervisor) {
    StoreTask task{
        .generation = *generation_, .listener = std::move(listener_), .operator_user = ::geteuid()};
    guard::close_all_but({task.listener.get(), generation_->log_file->fd()});
    ::prctl(PR_SET_NAME, "sluice-store");
    const int code = run_store(std::move(task), supervisor);
    // As in a worker, exit() runs no destructors of the stack below, which belongs to the supervisor.
    std::exit(code);  // NOLINT(concurrency-mt-unsafe)
}

void StoreSeat::follow(std::shared_ptr<const Generation> generation) {
    const bool same = generation->config.store == generation_->config.store &&
                      generation->log_file == generation_->log_file;
    generation_ = std::move(generation);
    // A process that is on its way has its clock, which further changes must not put off.
    if (same || pid_ == 0 || std::exchange(replacing_, true)) return;
    send_away();
}

bool StoreSeat::died(pid_t pid, int status) {
    if (pid != pid_) return false;
    pid_ = 0;
    if (ending_) {
        disarm();
        return true;
    }
    if (std::exchange(replacing_, false)) {
        disarm();
        start();
        return true;
    }
    const bool signalled = WIFSIGNALED(status);
    const Millis pause = backoff_.died_after(loop_.now() - since_);
    events_of(*generation_)
        .event("store_died", {{"pid", std::int64_t{pid}},
                              {signalled ? "signal" : "exit_code",
                               std::int64_t{signalled ? WTERMSIG(status) : WEXITSTATUS(status)}},
                              {"restart_in_ms", std::int64_t{pause.count()}}});
    loop_.arm(*this, pause);
    return true;
}

void StoreSeat::end() {
    if (std::exchange(ending_, true)) return;
    // The file goes first: workers that are sent away then find that nobody listens here any more.
    remove_file();
    listener_.reset();
    send_away();
}

/// Asks the process to end; one that hangs does not hear, and is killed when its time is over.
void StoreSeat::send_away() {
    signal(SIGHUP);
    loop_.arm(*this, end_time_max);
}

void StoreSeat::on_timer() {
    if (pid_ > 0) return signal(SIGKILL);
    if (!ending_) start();
}

void StoreSeat::signal(int signal) const {
    if (pid_ > 0) ::kill(pid_, signal);
}

}  // namespace sluice::app
