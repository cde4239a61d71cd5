// The MTAs' answers about recipients: bounded in number and in time.
//
// The cache knows no MTA and no policy: answer_class.hpp decides what may be remembered, shared_answer.hpp
// for which clients it holds. When the cache is full, the entry that has not been asked for longest goes.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/keyed_hash.hpp"
#include "base/time.hpp"
#include "relay/shared_answer.hpp"

namespace sluice::relay {

/// The key under which a recipient is remembered: the local part as it is, the domain in lower case (RFC 5321
/// 2.4). Most MTAs fold local parts too, but with one that does not, folding would make us refuse a recipient
/// who exists. Replaces `key`.
void write_recipient_key(std::string_view address, std::string& key);

/// The key under which one client's answer about a recipient is remembered; `recipient` is the recipient's
/// key. It begins with a space, so it can be no recipient's key.
void write_own_key(std::string_view recipient, std::string_view kept_for, std::string& key);

class RecipientCache {
  public:
    /// A ttl of 0 means that such answers are not kept. `hash_key` must be unpredictable outside of tests.
    RecipientCache(std::size_t entries_max, Seconds positive_ttl, Seconds negative_ttl,
                   const HashKey& hash_key);
    RecipientCache(const RecipientCache&) = delete;
    RecipientCache& operator=(const RecipientCache&) = delete;

    /// The answer, or null. Valid until the next call.
    const SharedAnswer* find(std::string_view key, Instant now);
    /// Remembers or replaces; a positive reply for the positive ttl, any other for the negative one, a
    /// dispute for its own time, and none for longer than `life_max`.
    void put(std::string_view key, SharedAnswer answer, Instant now, Seconds life_max = Seconds::max());
    /// The time that an answer is kept; 0 = it is not.
    Seconds ttl(const SharedAnswer& answer) const;
    void erase(std::string_view key);
    void clear();
    std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        SharedAnswer answer;
        Instant expires;
        Instant moved;  // when it last moved to the front of the order
        Entry* newer = nullptr;
        Entry* older = nullptr;
        const std::string* key = nullptr;
    };
    using Entries = std::unordered_map<std::string, Entry, KeyedHash, std::equal_to<>>;

    void link_newest(Entry& entry, Instant now);
    void unlink(Entry& entry);
    void erase(Entries::iterator at);

    std::size_t entries_max_;
    Seconds positive_ttl_;
    Seconds negative_ttl_;
    Entries entries_;
    Entry* newest_ = nullptr;
    Entry* oldest_ = nullptr;
};

}  // namespace sluice::relay
