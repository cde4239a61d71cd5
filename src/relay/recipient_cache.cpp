#include "relay/recipient_cache.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"

namespace sluice::relay {

namespace {

/// An entry that is asked for often moves to the front only after this time: the order stays good enough, and
/// most look-ups touch no entry but their own.
constexpr Seconds moved_again_after{10};

}  // namespace

void write_recipient_key(std::string_view address, std::string& key) {
    key = address;
    const std::size_t at = key.rfind('@');
    if (at == std::string::npos) return;
    std::transform(key.begin() + static_cast<std::ptrdiff_t>(at), key.end(),
                   key.begin() + static_cast<std::ptrdiff_t>(at), [](char c) { return ascii::to_lower(c); });
}

void write_own_key(std::string_view recipient, std::string_view kept_for, std::string& key) {
    key = ' ';
    key += kept_for;
    key += ' ';
    key += recipient;
}

RecipientCache::RecipientCache(std::size_t entries_max, Seconds positive_ttl, Seconds negative_ttl,
                               const HashKey& hash_key)
    : entries_max_(entries_max),
      positive_ttl_(positive_ttl),
      negative_ttl_(negative_ttl),
      entries_(0, KeyedHash(hash_key)) {}

const SharedAnswer* RecipientCache::find(std::string_view key, Instant now) {
    const auto at = entries_.find(key);
    if (at == entries_.end()) return nullptr;
    Entry& entry = at->second;
    if (entry.expires <= now) {
        erase(at);
        return nullptr;
    }
    if (now - entry.moved >= moved_again_after) {
        unlink(entry);
        link_newest(entry, now);
    }
    return &entry.answer;
}

Seconds RecipientCache::ttl(const SharedAnswer& answer) const {
    const bool nothing_kept = positive_ttl_ <= Seconds::zero() && negative_ttl_ <= Seconds::zero();
    if (answer.standing == Standing::disputed) return nothing_kept ? Seconds::zero() : dispute_time;
    return answer.reply.positive() ? positive_ttl_ : negative_ttl_;
}

void RecipientCache::put(std::string_view key, SharedAnswer answer, Instant now, Seconds life_max) {
    const Seconds life = std::min(ttl(answer), life_max);
    erase(key);
    if (life <= Seconds::zero() || entries_max_ == 0) return;
    if (entries_.size() >= entries_max_) erase(*oldest_->key);
    const auto at =
        entries_.emplace(key, Entry{.answer = std::move(answer), .expires = now + life, .moved = now}).first;
    at->second.key = &at->first;
    link_newest(at->second, now);
}

void RecipientCache::erase(std::string_view key) {
    const auto at = entries_.find(key);
    if (at != entries_.end()) erase(at);
}

void RecipientCache::clear() {
    entries_.clear();
    newest_ = oldest_ = nullptr;
}

void RecipientCache::erase(Entries::iterator at) {
    unlink(at->second);
    entries_.erase(at);
}

void RecipientCache::link_newest(Entry& entry, Instant now) {
    entry.moved = now;
    entry.newer = nullptr;
    entry.older = newest_;
    (newest_ != nullptr ? newest_->newer : oldest_) = &entry;
    newest_ = &entry;
}

void RecipientCache::unlink(Entry& entry) {
    (entry.newer != nullptr ? entry.newer->older : newest_) = entry.older;
    (entry.older != nullptr ? entry.older->newer : oldest_) = entry.newer;
}

}  // namespace sluice::relay
