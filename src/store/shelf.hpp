// Records in memory, bounded: where there is no room for one more, one that is worth little goes (worth(),
// record.hpp), and not simply the oldest or the newest.
//
// The least of a few looked at goes, which is nearly the least of all; what has expired is worth nothing, so
// it needs no sweep.
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

    /// `seed` of the choice of whom to look at, and of the hash: strangers choose parts of the keys. At least
    /// one record.
    Shelf(std::size_t records_max, std::uint32_t seed)
        : records_max_(records_max), random_(seed), records_(0, KeyedHash({.k0 = seed, .k1 = ~0U - seed})) {}

    /// Null when there is none, or it has expired.
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
