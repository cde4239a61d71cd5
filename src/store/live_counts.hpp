// How many sessions there are at this moment, by key, over all workers of this machine; a worker's go with
// it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/shelf.hpp"

namespace sluice::store {

class LiveCounts {
  public:
    /// What one worker holds. To be given back (release) before it is dropped.
    using Held = std::unordered_map<std::string, std::uint32_t, KeyHash, std::equal_to<>>;

    explicit LiveCounts(std::size_t keys_max) : keys_max_(keys_max) {}

    /// `amount` more for this holder, or fewer, though never below what it holds; the count of all. Beyond
    /// keys_max keys a new one is not counted.
    std::uint32_t hold(Held& held, std::string_view key, std::int32_t amount);
    void release(Held& held);
    std::uint32_t count(std::string_view key) const;
    std::size_t keys() const { return totals_.size(); }

  private:
    void drop(std::string_view key, std::uint32_t amount);

    std::size_t keys_max_;
    Held totals_;
};

}  // namespace sluice::store
