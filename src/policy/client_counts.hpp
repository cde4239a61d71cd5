// Counts of what each client has done recently: recipients named that do not exist, TLS handshakes begun.
//
// Counts are kept per address (IPv6: per /64) over a sliding window, which two halves approximate. The table
// is bounded and forgets the client that was seen least recently. It is not shared between workers.
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

    /// Counts one more event and returns the count in the window, this event included. Events less than half
    /// a window old are counted, events more than a window old are not. `now` never goes back.
    unsigned add(const IpAddress& client, Instant now);
    /// Counts one more event, unless the client has done it to the same `what` before, with fewer than
    /// `remembered` others since. A mailing list names its one dead subscriber with every message; a
    /// dictionary attack tries another name each time.
    unsigned add(const IpAddress& client, std::string_view what, Instant now);
    static constexpr std::size_t remembered = 8;
    /// Returns the count in the window. This does not count as seeing the client.
    unsigned count(const IpAddress& client, Instant now) const;
    std::size_t clients() const { return entries_.size(); }

  private:
    struct Entry {
        Instant half_started;
        unsigned current = 0;
        unsigned previous = 0;
        std::array<std::uint32_t, remembered> latest{};  // hashes; an empty place is 0, a hash never
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
