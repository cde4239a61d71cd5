#include "policy/client_counts.hpp"

#include <algorithm>

namespace sluice::policy {

/// `entry` with its halves moved on to `now`.
ClientCounts::Entry ClientCounts::at(Entry entry, Instant now) const {
    const Millis half = std::max<Millis>(window_ / 2, Millis{1});
    const auto passed = (now - entry.half_started) / half;
    if (passed <= 0) return entry;
    entry.previous = passed == 1 ? entry.current : 0;
    entry.current = 0;
    entry.half_started += passed * half;
    return entry;
}

/// The client's entry as of now, which becomes the most recent one; a new entry has counted nothing.
ClientCounts::Entry& ClientCounts::seen(const IpAddress& client, Instant now) {
    const IpAddress key = client.counted_as();
    const auto [found, added] = entries_.try_emplace(key);
    Entry& entry = found->second;
    if (added) {
        recency_.push_front(key);
        entry.half_started = now;
        entry.recency = recency_.begin();
    } else {
        entry = at(entry, now);
        recency_.splice(recency_.begin(), recency_, entry.recency);
    }
    return entry;
}

/// The count of `entry`, which must not be used afterwards: if the table is full, the oldest entry is
/// dropped, and it may be this one.
unsigned ClientCounts::total(const Entry& entry) {
    const unsigned count = entry.current + entry.previous;
    if (entries_.size() > clients_max_) {
        entries_.erase(recency_.back());
        recency_.pop_back();
    }
    return count;
}

unsigned ClientCounts::add(const IpAddress& client, Instant now) {
    Entry& entry = seen(client, now);
    ++entry.current;
    return total(entry);
}

unsigned ClientCounts::add(const IpAddress& client, std::string_view what, Instant now) {
    Entry& entry = seen(client, now);
    const std::uint32_t hash = static_cast<std::uint32_t>(hash_(what)) | 1U;
    auto found = std::ranges::find(entry.latest, hash);
    if (found == entry.latest.end()) {
        ++entry.current;
        found = entry.latest.end() - 1;
        *found = hash;
    }
    std::rotate(entry.latest.begin(), found, found + 1);
    return total(entry);
}

unsigned ClientCounts::count(const IpAddress& client, Instant now) const {
    const auto found = entries_.find(client.counted_as());
    if (found == entries_.end()) return 0;
    const Entry entry = at(found->second, now);
    return entry.current + entry.previous;
}

}  // namespace sluice::policy
