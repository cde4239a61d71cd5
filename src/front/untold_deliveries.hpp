// Letters that an MTA has taken while their clients were gone, so that the clients do not know it.
//
// Such a client will send its letter again, and the recipient would get it twice (RFC 1047; RFC 5321 6.1 asks
// for ways to avoid that). For an hour the same letter is answered with the reply that its client did not
// hear, and is not delivered again; while the first copy is still on its way to the MTA, a second one is put
// off. Letters are recognised by their text, see letter_print.hpp. Bounded: the oldest entry goes first. No
// clock and no socket; the store holds what other workers know.
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

/// The knowledge about a letter that comes again.
struct UntoldDelivery {
    bool under_way = false;  // the MTA has it, and has not answered
    smtp::Reply reply = {};  // else: the 250 that the first copy was answered with
    bool operator==(const UntoldDelivery&) const = default;
};

/// The text of a record in the store, and its parser. The parser does not trust the writer: it accepts only
/// 250 with one line of printable ASCII that is no longer than a reply may be.
std::string to_text(const UntoldDelivery& delivery);
std::optional<UntoldDelivery> parse_untold_delivery(std::string_view text);

class UntoldDeliveries {
  public:
    static constexpr std::size_t entries_max = 10'000;
    static constexpr Seconds life{3600};
    /// An MTA answers within this time (RFC 5321 4.5.3.2.6).
    static constexpr Seconds under_way_life{600};

    explicit UntoldDeliveries(std::size_t entries = entries_max, const HashKey& key = net::random_hash_key())
        : entries_max_(entries), entries_(0, KeyedHash(key)) {}

    void put(std::string_view letter, const UntoldDelivery& delivery, Instant now);
    /// Forgets a letter that was under way; the answer to another copy of it stays.
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
        turns_;  // in the order of put(); an entry put again or forgotten leaves its old turn behind
};

}  // namespace sluice::front
