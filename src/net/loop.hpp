// The event loop of one worker: an edge-triggered epoll set, a timer wheel, and work put off to the end of a
// turn.
//
// Single-threaded: everything here is called from the thread that calls run(), except Loop::post. Handlers
// may add, remove and destroy each other freely while events are delivered: what must outlive the turn is
// given to retire().
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/time.hpp"
#include "net/fd.hpp"
#include "net/timer_wheel.hpp"

namespace sluice::net {

/// Something that waits for a descriptor.
class IoHandler {
  public:
    /// `events` as epoll_wait(2) reports them.
    virtual void on_io(std::uint32_t events) = 0;

  protected:
    ~IoHandler() = default;
};

/// Something that can be put into retirement (see Loop::retire).
class Retired {
  public:
    virtual ~Retired() = default;
};

class Loop {
  public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Watches `fd`, edge-triggered unless `events` says EPOLLET is unwanted by leaving it out: pass EPOLLIN
    /// | EPOLLOUT | EPOLLRDHUP | EPOLLET for connections, EPOLLIN for listeners. Errors (descriptor limits)
    /// are returned as false with errno set. Closing the descriptor ends the watch.
    [[nodiscard]] bool watch(int fd, IoHandler& handler, std::uint32_t events);
    void unwatch(int fd);

    /// The time of this turn, read once after each epoll_wait.
    Instant now() const { return now_; }
    TimerWheel& timers() { return timers_; }
    void arm(Timer& timer, Millis delay) { timers_.arm(timer, now_ + delay); }

    /// Runs `work` at the end of this turn, after all events and timers. Same thread only.
    void defer(std::move_only_function<void()> work);
    /// Runs `work` in a coming turn. From any thread; wakes the loop.
    void post(std::move_only_function<void()> work);
    /// Destroys `object` once no event of this turn can refer to it any more.
    void retire(std::unique_ptr<Retired> object);

    /// Turns until stop(). An exception out of a handler is a broken invariant and leaves run().
    void run();
    void stop() { running_ = false; }
    /// One turn, sleeping at most `wait_max`; for tests.
    void turn(Millis wait_max);

  private:
    class Wakeup;

    void run_deferred();

    Fd epoll_;
    Instant now_;
    TimerWheel timers_;
    bool running_ = false;
    std::vector<std::move_only_function<void()>> deferred_;
    std::vector<std::unique_ptr<Retired>> retired_;
    std::unique_ptr<Wakeup> wakeup_;
};

}  // namespace sluice::net
