// How many sessions there are at this moment, by key, over all workers of this machine; a worker's go with
// it. Pure.
//
// There may be a key for each of very many sessions, so only the hash of a key is kept: that two clients are
// taken for one is as likely as it harms nobody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace sluice::store {

class LiveCounts {
  public:
    /// What one worker holds. To be given back (release) before it is dropped.
    using Held = std::unordered_map<std::uint64_t, std::uint32_t>;

    explicit LiveCounts(std::size_t keys_max) : keys_max_(keys_max) {}

    /// `amount` more for this holder, or fewer, though never below what it holds; the count of all. Beyond
    /// keys_max keys a new one is not counted.
    std::uint32_t hold(Held& held, std::string_view key, std::int32_t amount);
    void release(Held& held);
    std::uint32_t count(std::string_view key) const;
    std::size_t keys() const { return totals_.size(); }

  private:
    void drop(std::uint64_t hash, std::uint32_t amount);

    std::size_t keys_max_;
    Held totals_;
};

}  // namespace sluice::store
