// The clients to be woken: a heap of times. An entry cannot be withdrawn; a client that is woken compares the
// time to see whether it still waits for it.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "load/time.hpp"

namespace load {

class Agenda {
  public:
    struct Entry {
        Time at;
        std::uint64_t token;  // of the client
        bool operator>(const Entry& other) const { return at > other.at; }
    };

    void add(Time at, std::uint64_t token) { entries_.push({at, token}); }
    /// The time of the first entry; Time::max() when there is none.
    Time next() const { return entries_.empty() ? Time::max() : entries_.top().at; }
    /// The first entry, if it is due.
    std::optional<Entry> take(Time now) {
        if (next() > now) return std::nullopt;
        const Entry entry = entries_.top();
        entries_.pop();
        return entry;
    }

  private:
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> entries_;
};

}  // namespace load
