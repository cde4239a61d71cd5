// Virtual time: coming events in order. Time stands still during an event, and jumps to the next one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace sluice::sim {

/// Time since the world began.
using Micros = std::chrono::microseconds;

class Agenda {
  public:
    using Work = std::move_only_function<void()>;

    Micros now() const { return now_; }

    /// Runs `work` when `when` has come, or at once after what is running if it has passed. Events of one
    /// moment run in the order in which they were added.
    void at(Micros when, Work work) {
        entries_.push_back({std::max(when, now_), next_number_++, std::move(work)});
        std::ranges::push_heap(entries_, later);
    }
    void after(Micros delay, Work work) { at(now_ + delay, std::move(work)); }

    /// The time of the first entry; Micros::max() when there is none.
    Micros next() const { return entries_.empty() ? Micros::max() : entries_.front().when; }

    void run_next() {
        std::ranges::pop_heap(entries_, later);
        Entry entry = std::move(entries_.back());
        entries_.pop_back();
        now_ = std::max(now_, entry.when);
        entry.work();
    }
    /// Runs everything that is due until `when`, and then sets the time to it.
    void run_until(Micros when) {
        while (next() <= when)
            run_next();
        now_ = std::max(now_, when);
    }
    void clear() { entries_.clear(); }

  private:
    struct Entry {
        Micros when;
        std::uint64_t number;
        Work work;
    };
    static bool later(const Entry& a, const Entry& b) {
        return std::pair(a.when, a.number) > std::pair(b.when, b.number);
    }

    Micros now_{0};
    std::uint64_t next_number_ = 0;
    std::vector<Entry> entries_;  // a heap
};

}  // namespace sluice::sim
