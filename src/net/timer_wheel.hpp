// A hierarchical timer wheel for very many timers that are mostly re-armed or cancelled before they fire.
//
// Arming, re-arming and disarming are O(1) and never allocate: the timer's links live in its owner. The
// firing order within one tick is unspecified. A timer fires at its deadline or at most one tick late, never
// early; later only when so many are due that the loop spreads them over several turns. The wheel knows no
// clock and no fd: the loop tells it the time.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/time.hpp"

namespace sluice::net {

class TimerWheel;

/// One timer; a base or member of what it times. It disarms itself when destroyed. Not copyable, not movable.
class Timer {
  public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    bool armed() const { return wheel_link_ != nullptr; }
    /// Valid only while armed.
    Instant deadline() const { return deadline_; }
    void disarm();

    /// Called once, after the timer was disarmed. May arm or destroy any timer, this one included.
    virtual void on_timer() = 0;

  protected:
    ~Timer() { disarm(); }

  private:
    friend class TimerWheel;
    Timer* next_ = nullptr;
    Timer** wheel_link_ = nullptr;  // the pointer to this timer: a slot's head or a neighbour's next_
    Instant deadline_{};
};

class TimerWheel {
  public:
    static constexpr Millis tick{4};

    explicit TimerWheel(Instant now);
    ~TimerWheel();
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;

    /// Arms or re-arms. A deadline a tick or more in the past fires at the next advance().
    void arm(Timer& timer, Instant deadline);

    /// The time that the loop may sleep from `now` without making any timer late: 0 when one is due,
    /// Millis::max() when none is armed. May be shorter than the time to the next deadline (an inner wheel
    /// has to be turned), never longer.
    Millis until_next(Instant now) const;

    /// Fires the timers whose deadline, rounded up to a tick, is at or before `now`, but at most `fire_max`;
    /// the others come first at the next call, and until_next() is 0 meanwhile. Timers armed for the past
    /// during the call fire at the next one. Must not be called from on_timer().
    void advance(Instant now, unsigned fire_max = std::numeric_limits<unsigned>::max());

  private:
    // Five wheels of 64 slots: 4 ms … 49 days; a later deadline waits in the last slot of the last wheel.
    static constexpr unsigned levels = 5;
    static constexpr unsigned slots = 64;

    static void push(Timer*& list, Timer& timer);
    static void move_list(Timer*& from, Timer*& to);
    static void disarm_all(Timer*& list);

    void place(Timer& timer);
    /// The next tick at which something fires or an outer slot has to be emptied inward.
    std::optional<std::int64_t> next_tick() const;
    void turn_inward();
    void fire_due(std::int64_t target, unsigned left);
    bool fire(unsigned& left);

    std::array<std::array<Timer*, slots>, levels> wheels_{};
    // One bit for each slot that may hold a timer; bits of slots found empty are cleared on the way.
    mutable std::array<std::uint64_t, levels> occupied_{};
    std::int64_t now_ticks_ = 0;
    Timer* due_ = nullptr;     // armed for the current tick or the past
    Timer* firing_ = nullptr;  // due at the current tick, not fired yet
    bool advancing_ = false;
};

}  // namespace sluice::net
