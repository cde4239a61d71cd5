// Virtual time: what will happen, in order. Time stands still while things happen, and jumps to the next.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace sluice::sim {

/// Since the world began.
using Micros = std::chrono::microseconds;

class Agenda {
  public:
    using Work = std::move_only_function<void()>;

    Micros now() const { return now_; }

    /// At once, but after what is running, when `when` has passed. Things of one moment happen in the order
    /// in which they were put down.
    void at(Micros when, Work work) {
        entries_.push_back({std::max(when, now_), next_number_++, std::move(work)});
        std::ranges::push_heap(entries_, later);
    }
    void after(Micros delay, Work work) { at(now_ + delay, std::move(work)); }

    /// Of the first entry; Micros::max() when nothing will ever happen.
    Micros next() const { return entries_.empty() ? Micros::max() : entries_.front().when; }

    void run_next() {
        std::ranges::pop_heap(entries_, later);
        Entry entry = std::move(entries_.back());
        entries_.pop_back();
        now_ = std::max(now_, entry.when);
        entry.work();
    }
    /// Everything that is due until then, and then it is then.
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
