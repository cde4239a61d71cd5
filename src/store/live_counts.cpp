#include "store/live_counts.hpp"

#include <algorithm>
#include <functional>

namespace sluice::store {

namespace {

std::uint64_t hash_of(std::string_view key) {
    return std::hash<std::string_view>{}(key);
}

}  // namespace

std::uint32_t LiveCounts::hold(Held& held, std::string_view key, std::int32_t amount) {
    const std::uint64_t hash = hash_of(key);
    if (amount > 0) {
        if (totals_.size() >= keys_max_ && !totals_.contains(hash)) return 0;
        const auto more = static_cast<std::uint32_t>(amount);
        totals_[hash] += more;
        held[hash] += more;
    } else if (amount < 0) {
        if (const auto own = held.find(hash); own != held.end()) {
            const auto fewer = std::min(own->second, static_cast<std::uint32_t>(-std::int64_t{amount}));
            own->second -= fewer;
            if (own->second == 0) held.erase(own);
            drop(hash, fewer);
        }
    }
    return count(key);
}

void LiveCounts::release(Held& held) {
    for (const auto& [hash, amount] : held)
        drop(hash, amount);
    held.clear();
}

std::uint32_t LiveCounts::count(std::string_view key) const {
    const auto total = totals_.find(hash_of(key));
    return total == totals_.end() ? 0 : total->second;
}

void LiveCounts::drop(std::uint64_t hash, std::uint32_t amount) {
    const auto total = totals_.find(hash);
    if (total == totals_.end()) return;
    total->second -= std::min(total->second, amount);
    if (total->second == 0) totals_.erase(total);
}

}  // namespace sluice::store
