// Records in memory, bounded: where there is no room for one more, one that is worth little goes (worth(),
// record.hpp), and not simply the oldest or the newest.
//
// A few records are examined and the least of them goes, which is nearly the least of all. An expired record
// is worth nothing, so no sweep is needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/keyed_hash.hpp"
#include "store/record.hpp"

namespace sluice::store {

class Shelf {
  public:
    using Records = std::unordered_map<std::string, Record, KeyedHash, std::equal_to<>>;

    /// `seed` determines which records are examined, and the hash: strangers choose parts of the keys.
    /// `records_max` must be at least one.
    Shelf(std::size_t records_max, std::uint32_t seed)
        : records_max_(records_max), random_(seed), records_(0, KeyedHash({.k0 = seed, .k1 = ~0U - seed})) {}

    /// Null when there is no such record, or it has expired.
    const Record* find(std::string_view key, WallMillis now) const;
    void put(std::string_view key, Record record, WallMillis now);
    void erase(std::string_view key);
    const Records& records() const { return records_; }

  private:
    static constexpr unsigned looked_at = 16;

    void make_room(WallMillis now);

    std::size_t records_max_;
    std::minstd_rand random_;
    Records records_;
};

}  // namespace sluice::store
