// The workers of one generation. Each worker has a seat with listening sockets; a worker that dies is
// replaced.
//
// Workers are forked without exec: they inherit the configuration and the certificates in the supervisor's
// memory and share its pages. The only descriptors they keep are their own sockets, the log and a channel.
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
    /// `changed` is called on the loop when ready(), failed() or empty() may have changed. Workers count in
    /// `pages`, which outlives this. Destroy a crew in deferred work only (net/loop.hpp). Throws StartError.
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
    /// A worker cannot be set up, or workers keep dying: the crew will not become ready.
    bool failed() const { return failed_; }
    /// No worker lives.
    bool empty() const;
    bool has(pid_t pid) const;
    /// Every worker's loop turns: no worker has been silent for more than a few seconds.
    bool healthy() const;

    /// Handles the end of a child process; false when `pid` is not a worker of this crew.
    bool died(pid_t pid, int status);
    /// Must be called once a second. Counts how long workers have been silent and kills those that hang.
    void look();

    /// Opens the log file anew and passes it to all workers.
    void reopen_log();
    /// Receives a worker's text about its sessions; called once, on the loop or at once. The text is empty
    /// when the worker is gone or cannot be reached.
    using Listed = std::function<void(std::string_view text)>;
    /// Asks each live worker and returns how many were asked. A new question replaces an earlier one that is
    /// still unanswered.
    unsigned list_sessions(const Listed& listed);

    /// Passes a socket that is about to be closed to one worker, which accepts the clients in its queue.
    void take_queue(unsigned number, const ListeningSocket& socket);

    /// Workers are not replaced any more, and each ends with its last session. Those left at `deadline` are
    /// killed.
    void retire(Instant deadline);
    /// Like retire(), but transactions under way get at most limits.drain_max_s (SIGTERM).
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
