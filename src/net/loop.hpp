// The event loop of one worker: an edge-triggered epoll set, a timer wheel, and work deferred to the end of a
// turn.
//
// Single-threaded: everything here is called from the thread that calls run(), except Loop::post.
//
// A turn consists of: sleep; events (at most 256); timers; deferred work; destruction of what was retired.
// Handlers may watch, unwatch, arm, defer, post and retire from within any of these. An event that the kernel
// has handed out already cannot be taken back: a handler that was unwatched, or whose descriptor was closed,
// may be called once more in the same turn, and must ignore it. So a handler must not be deleted while events
// are delivered: it is given to retire(), and lives until the turn ends. Timers have no such rule: a disarmed
// timer never fires. turn() and run() must not be called from within a turn.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/time.hpp"
#include "net/fd.hpp"
#include "net/timer_wheel.hpp"

namespace sluice::net {

/// A handler for the events of a descriptor.
class IoHandler {
  public:
    virtual ~IoHandler() = default;

    /// `events` as epoll_wait(2) reports them.
    virtual void on_io(std::uint32_t events) = 0;
};

class Loop {
  public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Watches `fd`, edge-triggered where `events` has EPOLLET: connections have it, listeners have not.
    /// Errors (descriptor limits) are returned as false with errno set. Closing the descriptor ends the
    /// watch.
    [[nodiscard]] bool watch(int fd, IoHandler& handler, std::uint32_t events);
    /// Changes the watched events; what is ready already is reported again.
    void rewatch(int fd, IoHandler& handler, std::uint32_t events);
    void unwatch(int fd);

    /// The time of this turn, read once after each epoll_wait.
    Instant now() const { return now_; }
    TimerWheel& timers() { return timers_; }
    void arm(Timer& timer, Millis delay) { timers_.arm(timer, now_ + delay); }

    /// Runs `work` at the end of this turn, after all events and timers; when called by deferred work, at the
    /// end of the next turn, which does not sleep. Work runs in the order of the calls. Does not allocate for
    /// work of up to three pointers. Same thread only.
    void defer(std::move_only_function<void()> work);
    /// Defers `work` in a coming turn. May be called from any thread; wakes the loop. The work is dropped
    /// when the loop is destroyed before then.
    void post(std::move_only_function<void()> work);
    /// Destroys `object` at the end of this turn, after deferred work: no event can refer to it any more.
    void retire(std::unique_ptr<IoHandler> object);

    /// Runs turns until stop(). An exception thrown by a handler is a broken invariant and leaves run().
    void run();
    void stop() { running_ = false; }
    /// One turn, sleeping at most `wait_max`; for tests.
    void turn(Millis wait_max);

  private:
    class Wakeup;

    static constexpr int events_max = 256;  // one epoll_wait(2): 3 kB of stack
    /// The most timers that fire in one turn. When thousands of slow sessions wake at once, other sessions
    /// are served in between, and need not wait for a drop of each of them (10 us).
    static constexpr unsigned timers_max = 32;

    int sleep_ms(Millis wait_max) const;
    void run_deferred();
    void destroy_retired();

    Fd epoll_;
    Instant now_;
    TimerWheel timers_;
    bool running_ = false;
    std::vector<std::move_only_function<void()>> deferred_;
    std::vector<std::move_only_function<void()>> running_deferred_;  // empty between turns
    std::vector<std::unique_ptr<IoHandler>> retired_;
    std::unique_ptr<Wakeup> wakeup_;
};

}  // namespace sluice::net
