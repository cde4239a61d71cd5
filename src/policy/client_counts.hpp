// How often each client has done something of late: named recipients that do not exist, begun TLS handshakes.
//
// Counts are kept per address (IPv6: per /64) in a bounded table that forgets the least recently seen, over a
// sliding window approximated by two halves. Not shared between workers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string_view>
#include <unordered_map>

#include "base/ip.hpp"
#include "base/keyed_hash.hpp"
#include "base/time.hpp"

namespace sluice::policy {

class ClientCounts {
  public:
    ClientCounts(Seconds window, std::size_t clients_max, const HashKey& key = {})
        : window_(window), clients_max_(clients_max), hash_(key) {}

    /// Once more; returns the count in the window, this one included. What lies back less than half a window
    /// is counted, what lies back more than a whole one is not. `now` never goes back.
    unsigned add(const IpAddress& client, Instant now);
    /// Once more, unless it was done to the same `what`, and to less than `remembered` others since: a
    /// mailing list names its one dead subscriber with every message, a dictionary has another word each
    /// time.
    unsigned add(const IpAddress& client, std::string_view what, Instant now);
    static constexpr std::size_t remembered = 8;
    /// Looking does not count as having been seen.
    unsigned count(const IpAddress& client, Instant now) const;
    std::size_t clients() const { return entries_.size(); }

  private:
    struct Entry {
        Instant half_started;
        unsigned current = 0;
        unsigned previous = 0;
        std::array<std::uint32_t, remembered> latest{};  // hashes, none of them 0
        std::list<IpAddress>::iterator recency;
    };

    Entry at(Entry entry, Instant now) const;
    Entry& seen(const IpAddress& client, Instant now);
    unsigned total(const Entry& entry);

    Seconds window_;
    std::size_t clients_max_;
    KeyedHash hash_;
    std::unordered_map<IpAddress, Entry> entries_;
    std::list<IpAddress> recency_;  // most recent first
};

}  // namespace sluice::policy
