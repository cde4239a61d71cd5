// How often each client has named recipients that do not exist: the mark of guessing.
//
// Counts are kept per address (IPv6: per /64) in a bounded table that forgets the least recently seen, over a
// sliding window approximated by two halves. Not shared between workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>

#include "base/ip.hpp"
#include "base/time.hpp"

namespace sluice::policy {

struct UnknownRecipientOptions {
    unsigned slow_after = 10;  // unknown recipients in a window that put a client into the slow lane; 0 = off
    int weight = 10;           // of the signal, once slow_after is reached
    Seconds window{3600};
    std::size_t clients_max = 100'000;
};

class UnknownRecipients {
  public:
    explicit UnknownRecipients(const UnknownRecipientOptions& options);

    /// One more unknown recipient; returns the count in the window, this one included. What lies back less
    /// than half a window is counted, what lies back more than a whole one is not. `now` never goes back.
    unsigned add(const IpAddress& client, Instant now);
    /// Looking does not count as having been seen.
    unsigned count(const IpAddress& client, Instant now) const;
    std::size_t clients() const { return entries_.size(); }

  private:
    struct Entry {
        Instant half_started;
        unsigned current = 0;
        unsigned previous = 0;
        std::list<IpAddress>::iterator recency;
    };

    Entry at(Entry entry, Instant now) const;

    UnknownRecipientOptions options_;
    std::unordered_map<IpAddress, Entry> entries_;
    std::list<IpAddress> recency_;  // most recent first
};

}  // namespace sluice::policy
