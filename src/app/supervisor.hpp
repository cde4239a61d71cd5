// The process that keeps the workers alive. It binds, forks, waits and signals; it reads no octet that a
// client or an MTA sent, so nothing of theirs can bring it down.
//
// Workers are forked without exec: they share the supervisor's configuration, and the pages of the binary.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "app/certificates.hpp"
#include "app/config.hpp"
#include "app/event_log.hpp"
#include "app/listeners.hpp"
#include "app/log_file.hpp"
#include "app/restart_backoff.hpp"

namespace sluice::app {

class Supervisor {
  public:
    /// One worker for each element of `listeners`. `certificates` may be null. All must outlive it.
    Supervisor(const Config& config, const Certificates* certificates, std::vector<WorkerListeners> listeners,
               LogFile& log_file, const EventLog& events);

    /// Until SIGTERM or SIGINT and the end of all workers, or until the first worker turns out not to be able
    /// to start at all. Returns the exit code, also in each worker: the caller must do nothing but exit with
    /// it.
    int run();

  private:
    struct Seat {
        WorkerListeners listeners;
        RestartBackoff backoff;
        pid_t pid = 0;                    // 0 = nobody
        Instant since;                    // the worker there started
        std::optional<Instant> start_at;  // nobody is there, and somebody is to be
        bool started_once = false;
    };

    /// Starts who is due; the exit code, if this process is now a worker that has ended.
    std::optional<int> start_due();
    std::optional<int> start(Seat& seat);
    int be_worker(Seat& seat, pid_t supervisor);
    void reap();
    void died(Seat& seat, int status);
    void stop(Instant deadline);
    void on_signal(int signal);
    void signal_workers(int signal) const;
    bool anybody() const;
    Millis until_due() const;

    const Config& config_;
    const Certificates* certificates_;
    LogFile& log_file_;
    const EventLog& events_;
    std::vector<Seat> seats_;
    std::optional<Instant> kill_at_;  // stopping, and who is still there then is killed
    bool killed_ = false;
    int exit_code_;
    sigset_t signals_;
};

}  // namespace sluice::app
