// A hierarchical timer wheel, after Varghese and Lauck (scheme 7).
//
// A timer lives on the innermost wheel that reaches its tick. When the time reaches the start of an outer
// slot, that slot is emptied onto the wheels inside it. Empty slots are skipped by their bit in `occupied_`,
// so that a jump of hours costs no more than the timers it fires.
//
// A timer that is disarmed does not know its slot and leaves the bit set; next_tick() clears such bits when
// it meets them. Rejected: the slot's number in the timer (8 octets per session, to save the test of a
// pointer).
#include "net/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace sluice::net {
namespace {

constexpr unsigned slot_bits = 6;
static_assert(TimerWheel::tick == Millis{4});

/// The tick at or after `instant`: nothing fires early.
std::int64_t tick_at_or_after(Instant instant) {
    return (instant.time_since_epoch().count() + 3) >> 2;
}
std::int64_t tick_at_or_before(Instant instant) {
    return instant.time_since_epoch().count() >> 2;
}
Instant start_of(std::int64_t ticks) {
    return Instant{ticks * TimerWheel::tick};
}

}  // namespace

void Timer::disarm() {
    if (wheel_link_ == nullptr) return;
    *wheel_link_ = next_;
    if (next_ != nullptr) next_->wheel_link_ = wheel_link_;
    next_ = nullptr;
    wheel_link_ = nullptr;
}

TimerWheel::TimerWheel(Instant now) : now_ticks_(tick_at_or_before(now)) {}

TimerWheel::~TimerWheel() {
    disarm_all(due_);
    disarm_all(firing_);
    for (auto& wheel : wheels_) {
        for (Timer*& slot : wheel)
            disarm_all(slot);
    }
}

void TimerWheel::disarm_all(Timer*& list) {
    while (list != nullptr)
        list->disarm();
}

void TimerWheel::push(Timer*& list, Timer& timer) {
    timer.next_ = list;
    if (list != nullptr) list->wheel_link_ = &timer.next_;
    timer.wheel_link_ = &list;
    list = &timer;
}

void TimerWheel::move_list(Timer*& from, Timer*& to) {
    assert(to == nullptr);
    to = std::exchange(from, nullptr);
    if (to != nullptr) to->wheel_link_ = &to;
}

void TimerWheel::arm(Timer& timer, Instant deadline) {
    timer.disarm();
    timer.deadline_ = deadline;
    if (tick_at_or_after(deadline) <= now_ticks_)
        push(due_, timer);  // the slot of this tick has been emptied already
    else
        place(timer);
}

void TimerWheel::place(Timer& timer) {
    const std::int64_t ticks = tick_at_or_after(timer.deadline_);
    for (unsigned level = 0; level < levels; ++level) {
        const unsigned shift = level * slot_bits;
        const std::int64_t here = now_ticks_ >> shift;
        std::int64_t there = ticks >> shift;
        if (there - here >= slots) {
            if (level + 1 < levels) continue;
            there = here + slots - 1;  // beyond the last wheel: it is placed again when that slot is reached
        }
        const auto slot = static_cast<unsigned>(there & (slots - 1));
        push(wheels_[level][slot], timer);
        occupied_[level] |= std::uint64_t{1} << slot;
        return;
    }
}

std::optional<std::int64_t> TimerWheel::next_tick() const {
    std::optional<std::int64_t> soonest;
    for (unsigned level = 0; level < levels; ++level) {
        const unsigned shift = level * slot_bits;
        const std::int64_t here = now_ticks_ >> shift;
        while (occupied_[level] != 0) {
            // The slot of `here` itself is always empty, so distances are 1 … 63 after this rotation.
            const auto turned = std::rotr(occupied_[level], static_cast<int>(here & (slots - 1)));
            const std::int64_t there = here + std::countr_zero(turned);
            const auto slot = static_cast<unsigned>(there & (slots - 1));
            if (wheels_[level][slot] == nullptr) {
                occupied_[level] &= ~(std::uint64_t{1} << slot);
                continue;
            }
            const std::int64_t ticks = there << shift;
            soonest = std::min(soonest.value_or(ticks), ticks);
            break;
        }
    }
    return soonest;
}

Millis TimerWheel::until_next(Instant now) const {
    if (due_ != nullptr || firing_ != nullptr) return Millis{0};
    const auto ticks = next_tick();
    if (!ticks) return Millis::max();
    return std::max(start_of(*ticks) - now, Millis{0});
}

void TimerWheel::turn_inward() {
    for (unsigned level = levels - 1; level > 0; --level) {
        const unsigned shift = level * slot_bits;
        if ((now_ticks_ & ((std::int64_t{1} << shift) - 1)) != 0) continue;
        Timer* list = nullptr;
        move_list(wheels_[level][static_cast<unsigned>(now_ticks_ >> shift) & (slots - 1)], list);
        while (list != nullptr) {
            Timer& timer = *list;
            timer.disarm();
            place(timer);
        }
    }
}

/// False when some due timers are left.
bool TimerWheel::fire(unsigned& left) {
    for (; firing_ != nullptr && left != 0; --left) {
        Timer& timer = *firing_;
        timer.disarm();
        timer.on_timer();
    }
    return firing_ == nullptr;
}

void TimerWheel::advance(Instant now, unsigned fire_max) {
    assert(!advancing_ && "advance() from within on_timer()");
    advancing_ = true;
    fire_due(tick_at_or_before(now), fire_max);
    advancing_ = false;
}

void TimerWheel::fire_due(std::int64_t target, unsigned left) {
    if (!fire(left)) return;
    // A timer armed for the past from here on waits for the next call: one that always re-arms itself as due
    // cannot hold up the loop.
    move_list(due_, firing_);
    while (fire(left) && now_ticks_ < target) {
        const auto next = next_tick();
        if (!next || *next > target) {
            now_ticks_ = target;
            return;
        }
        now_ticks_ = *next;
        turn_inward();
        move_list(wheels_[0][static_cast<unsigned>(now_ticks_) & (slots - 1)], firing_);
    }
}

}  // namespace sluice::net
