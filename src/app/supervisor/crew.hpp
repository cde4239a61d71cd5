// The workers of one generation: each has a seat with listening sockets, and one that dies is replaced.
//
// Workers are forked without exec: they have the configuration and the certificates from the supervisor's
// memory, and share its pages. They keep no other descriptor than their own sockets, the log and a channel.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "app/generation/generation.hpp"
#include "app/process/event_log.hpp"
#include "app/process/listeners.hpp"
#include "app/process/metric_pages.hpp"
#include "base/time.hpp"
#include "net/loop.hpp"

namespace sluice::app {

class Crew {
  public:
    /// `changed` is called, on the loop, when an answer below may have become another. To be destroyed in
    /// deferred work only (net/loop.hpp).
    /// Workers count in `pages`, which outlives this. Throws StartError.
    Crew(net::Loop& loop, MetricPages& pages, std::shared_ptr<const Generation> generation,
         Listeners listeners, std::function<void()> changed);
    ~Crew();
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    const std::shared_ptr<const Generation>& generation() const { return generation_; }
    const Listeners& listeners() const { return listeners_; }

    void start();
    /// Every seat has had a worker that served clients.
    bool ready() const;
    /// Not ready, and not going to be: a worker cannot be set up, or keeps dying.
    bool failed() const { return failed_; }
    /// No worker lives.
    bool empty() const;
    bool has(pid_t pid) const;
    /// All loops turn: no worker has been silent for longer than a few seconds.
    bool healthy() const;

    /// A child has ended; false when it was not one of ours.
    bool died(pid_t pid, int status);
    /// To be called once a second: counts how long workers have been silent, and kills who hangs.
    void look();

    /// The log file, opened anew, for all workers.
    void reopen_log();
    /// Called once with what a worker said of its sessions, on the loop or at once; empty = it is gone, or
    /// does not hear.
    using Listed = std::function<void(std::string_view text)>;
    /// Asks each worker that lives; the number of them. What was asked before and is not answered yet is not
    /// asked any more.
    unsigned list_sessions(const Listed& listed);

    /// A worker accepts who waits at a socket that is to be closed.
    void take_queue(unsigned number, const ListeningSocket& socket);

    /// Nobody is replaced any more, and workers end when their last session has; killed at `deadline`.
    void retire(Instant deadline);
    /// As retire(), and transactions under way get limits.drain_max_s (SIGTERM).
    void drain(Instant deadline);
    void kill();

  private:
    class Seat;

    void leave_seats(Instant deadline);

    net::Loop& loop_;
    std::shared_ptr<const Generation> generation_;
    Listeners listeners_;
    std::function<void()> changed_;
    EventLog events_;
    std::vector<std::unique_ptr<Seat>> seats_;
    bool was_ready_ = false;
    bool failed_ = false;
    bool leaving_ = false;
    Instant deadline_;
};

}  // namespace sluice::app
