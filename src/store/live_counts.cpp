#include "store/live_counts.hpp"

#include <algorithm>

namespace sluice::store {

std::uint32_t LiveCounts::hold(Held& held, std::string_view key, std::int32_t amount) {
    if (amount > 0) {
        auto total = totals_.find(key);
        if (total == totals_.end()) {
            if (totals_.size() >= keys_max_) return 0;
            total = totals_.emplace(key, 0U).first;
        }
        const auto more = static_cast<std::uint32_t>(amount);
        total->second += more;
        held.try_emplace(total->first, 0U).first->second += more;
    } else if (amount < 0) {
        if (const auto own = held.find(key); own != held.end()) {
            const auto fewer = std::min(own->second, static_cast<std::uint32_t>(-std::int64_t{amount}));
            own->second -= fewer;
            if (own->second == 0) held.erase(own);
            drop(key, fewer);
        }
    }
    return count(key);
}

void LiveCounts::release(Held& held) {
    for (const auto& [key, amount] : held)
        drop(key, amount);
    held.clear();
}

std::uint32_t LiveCounts::count(std::string_view key) const {
    const auto total = totals_.find(key);
    return total == totals_.end() ? 0 : total->second;
}

void LiveCounts::drop(std::string_view key, std::uint32_t amount) {
    const auto total = totals_.find(key);
    if (total == totals_.end()) return;
    total->second -= std::min(total->second, amount);
    if (total->second == 0) totals_.erase(total);
}

}  // namespace sluice::store
