// Letters that an MTA has taken and whose clients were gone when it said so.
//
// Such a client will send its letter again, and who gets it would have it twice (RFC 1047; RFC 5321 6.1 asks
// for ways to avoid that). For an hour the same letter is answered with the reply that nobody has heard, and
// not delivered again; while its first copy is still on its way to the MTA it is put off. Letters are known
// by text, see letter_print.hpp. Bounded: the oldest goes first. No clock and no socket; what other workers
// know is in the store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/keyed_hash.hpp"
#include "base/time.hpp"
#include "net/secret_hash.hpp"
#include "smtp/reply.hpp"

namespace sluice::front {

/// What is known of a letter that comes again.
struct UntoldDelivery {
    bool under_way = false;  // the MTA has it, and has not answered
    smtp::Reply reply = {};  // else: 250, as the first copy would have heard it
    bool operator==(const UntoldDelivery&) const = default;
};

/// As a record of the store, and back. Whoever writes there is not believed: nothing but 250 and one line of
/// printable ASCII that is no longer than a reply may be.
std::string to_text(const UntoldDelivery& delivery);
std::optional<UntoldDelivery> parse_untold_delivery(std::string_view text);

class UntoldDeliveries {
  public:
    static constexpr std::size_t entries_max = 10'000;
    static constexpr Seconds life{3600};
    /// An MTA answers within that (RFC 5321 4.5.3.2.6).
    static constexpr Seconds under_way_life{600};

    explicit UntoldDeliveries(std::size_t entries = entries_max, const HashKey& key = net::random_hash_key())
        : entries_max_(entries), entries_(0, KeyedHash(key)) {}

    void put(std::string_view letter, const UntoldDelivery& delivery, Instant now);
    /// One that was under way; what another copy of it was answered stays.
    void forget(std::string_view letter);
    const UntoldDelivery* find(std::string_view letter, Instant now) const;

    bool empty() const { return entries_.empty(); }
    std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        UntoldDelivery delivery;
        Instant put_at;
        std::uint64_t number;
    };
    struct Turn {
        std::string letter;
        Instant put_at;
        std::uint64_t number;
    };

    void drop_old(Instant now);

    std::size_t entries_max_;
    std::uint64_t puts_ = 0;
    std::unordered_map<std::string, Entry, KeyedHash, std::equal_to<>> entries_;
    std::deque<Turn>
        turns_;  // in the order in which they were put; an entry put again or forgotten leaves one behind
};

}  // namespace sluice::front
