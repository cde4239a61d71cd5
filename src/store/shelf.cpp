#include "store/shelf.hpp"

#include <limits>
#include <utility>

namespace sluice::store {

const Record* Shelf::find(std::string_view key, WallMillis now) const {
    if (records_.empty()) return nullptr;  // by default nothing is counted here: skip the hash
    const auto found = records_.find(key);
    return found == records_.end() || found->second.expired(now) ? nullptr : &found->second;
}

void Shelf::put(std::string_view key, Record record, WallMillis now) {
    if (const auto found = records_.find(key); found != records_.end()) {
        found->second = std::move(record);
        return;
    }
    if (records_.size() >= records_max_) make_room(now);
    records_.emplace(key, std::move(record));
}

void Shelf::erase(std::string_view key) {
    if (const auto found = records_.find(key); found != records_.end()) records_.erase(found);
}

/// Each record is picked separately: where strangers have been pushed out before, the neighbours in the table
/// would all be regulars.
void Shelf::make_room(WallMillis now) {
    const std::size_t buckets = records_.bucket_count();
    std::uniform_int_distribution<std::size_t> any(0, buckets - 1);
    const std::string* least = nullptr;
    double least_worth = std::numeric_limits<double>::infinity();
    for (unsigned looked = 0; looked < looked_at; ++looked) {
        std::size_t bucket = any(random_);
        while (records_.begin(bucket) == records_.end(bucket))
            bucket = (bucket + 1) % buckets;
        const auto& [key, record] = *records_.begin(bucket);
        const double its_worth = worth(record, now);
        if (its_worth > least_worth) continue;
        least = &key;
        least_worth = its_worth;
    }
    records_.erase(records_.find(*least));
}

}  // namespace sluice::store
