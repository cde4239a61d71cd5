#include "store/redis/redis_listing.hpp"

#include <algorithm>

#include "store/redis/redis_command.hpp"

namespace sluice::store {

namespace {

constexpr std::size_t spare = 14;  // with listed_max, operations_max

}  // namespace

RedisWalk::RedisWalk(const Operation& list, std::string_view prefix)
    : prefix_(prefix),
      beginning_(list.key),
      after_(list.value),
      amount_(static_cast<std::size_t>(std::clamp(list.amount, 0, listed_max))) {}

void RedisWalk::append(std::string& out) const {
    append_redis_scan(out, cursor_, prefix_ + beginning_);
}

bool RedisWalk::take(const RedisReply& reply) {
    if (!reply.is_array() || reply.elements.size() != 2) return false;
    const RedisReply& cursor = reply.elements[0];
    const RedisReply& keys = reply.elements[1];
    if (!cursor.is_text() || !keys.is_array()) return false;
    cursor_ = cursor.text;
    server_done_ = cursor_ == "0";
    for (const RedisReply& full : keys.elements) {
        const std::string_view text = full.text;
        if (!text.starts_with(prefix_)) continue;
        const std::string_view key = text.substr(prefix_.size());
        if (key.size() > key_octets_max || !key.starts_with(beginning_) || key <= after_) continue;
        if (first_.size() < amount_ + spare) {
            first_.emplace(key);
        } else if (key < *first_.rbegin() && first_.emplace(key).second) {
            first_.erase(std::prev(first_.end()));
        }
    }
    return true;
}

void RedisWalk::next_server() {
    cursor_ = "0";
    server_done_ = false;
}

Operations RedisWalk::looks() const {
    Operations looks;
    if (amount_ == 0) return looks;
    for (const std::string& key : first_)
        looks.push_back({.verb = Verb::list, .key = key});
    return looks;
}

}  // namespace sluice::store
