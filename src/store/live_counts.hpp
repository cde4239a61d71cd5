// The number of current sessions by key, over all workers of this machine; when a worker ends, its sessions
// are removed. Pure.
//
// There may be a key for each of very many sessions, so only the hash of a key is kept: two clients share a
// count so rarely that it does no harm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace sluice::store {

class LiveCounts {
  public:
    /// The counts that one worker holds. They must be given back (release) before they are dropped.
    using Held = std::unordered_map<std::uint64_t, std::uint32_t>;

    explicit LiveCounts(std::size_t keys_max) : keys_max_(keys_max) {}

    /// Adds `amount` for this holder, or removes as many, though never more than it holds; returns the count
    /// of all. Beyond keys_max keys a new key is not counted.
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
