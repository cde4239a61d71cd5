#include "store/local_backing.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "store/keys.hpp"

namespace sluice::store {

namespace {

constexpr Millis try_again_after{1000};

bool is_window(const std::optional<Record>& record) {
    return record && std::holds_alternative<Window>(record->content);
}

}  // namespace

LocalBacking::LocalBacking(net::Loop& loop, const Options& options, Clock clock, Told told)
    : loop_(loop),
      options_(options),
      clock_(std::move(clock)),
      told_(std::move(told)),
      database_(options.database),
      counts_(options.counts_max, options.seed),
      disk_(loop) {
    if (database_.was_damaged()) told_("store_damaged", "a new one is begun, the old one put aside");
}

LocalBacking::~LocalBacking() = default;

void LocalBacking::perform(Operations batch, Done done) {
    const WallMillis now = clock_();
    if (batch.size() == 1 && batch.front().verb == Verb::list) return done(list(batch.front(), now));
    Outcomes outcomes;
    outcomes.reserve(batch.size());
    for (const Operation& operation : batch)
        outcomes.push_back(perform_one(operation, now));
    done(std::move(outcomes));
}

Outcome LocalBacking::perform_one(const Operation& operation, WallMillis now) {
    std::optional<Record> record = find(operation.key, now);
    const bool was_window = is_window(record);
    const bool was_other = record && !was_window;
    Outcome outcome = apply(operation, record, now);
    if (only_looks(operation) || (operation.verb == Verb::add && outcome.found)) return outcome;
    // A record of one kind may replace one of another kind, which is kept elsewhere.
    if (record && is_window(record)) {
        counts_.put(operation.key, *std::move(record), now);
        if (was_other) write_later(operation.key, std::nullopt);
    } else {
        if (was_window) counts_.erase(operation.key);
        write_later(operation.key, std::move(record));
    }
    return outcome;
}

/// Finds a record in memory, or about to be written, or written.
std::optional<Record> LocalBacking::find(std::string_view key, WallMillis now) const {
    if (const Record* counted = counts_.find(key, now)) return *counted;
    for (const Changes* changes : {&unwritten_, writing_.get()}) {
        if (changes == nullptr || changes->empty()) continue;
        if (const auto found = changes->find(key); found != changes->end()) return found->second;
    }
    return database_.get(key);
}

void LocalBacking::write_later(const std::string& key, std::optional<Record> record) {
    // Acts are never dropped: they are few, and only the operator can make more of them.
    const bool too_many = unwritten_.size() >= options_.unwritten_max && !key.starts_with(act_space);
    if (too_many && !unwritten_.contains(key)) {
        dropped_ = true;
        return;
    }
    unwritten_[key] = std::move(record);
    if (!armed() && !writing_) loop_.arm(*this, options_.commit_every);
}

Outcomes LocalBacking::list(const Operation& operation, WallMillis now) const {
    const std::string_view prefix = operation.key;
    const std::string_view after = operation.value;
    const auto wanted = [&](std::string_view key) { return key.starts_with(prefix) && key > after; };
    // Newer ones first: try_emplace does not replace what is there already.
    std::map<std::string, std::optional<Record>, std::less<>> found;
    for (const auto& [key, record] : counts_.records())
        if (wanted(key)) found.try_emplace(key, record);
    for (const Changes* changes : {&unwritten_, writing_.get()}) {
        if (changes == nullptr) continue;
        for (const auto& [key, record] : *changes)
            if (wanted(key)) found.try_emplace(key, record);
    }
    // Each record found so far may hide one of the database.
    const auto amount = static_cast<std::size_t>(std::clamp(operation.amount, 0, listed_max));
    std::size_t enough = amount + found.size();
    database_.scan(std::max(prefix, after), [&](std::string_view key, Record&& record) {
        if (!key.starts_with(prefix) && key > prefix) return false;
        if (wanted(key) && !record.expired(now) &&
            found.try_emplace(std::string(key), std::move(record)).second)
            return --enough > 0;
        return true;
    });
    Outcomes outcomes;
    for (const auto& [key, record] : found) {
        if (outcomes.size() == amount) break;
        if (record && !record->expired(now)) outcomes.push_back(describe(key, *record, now));
    }
    return outcomes;
}

void LocalBacking::commit() {
    disarm();
    if (writing_ || unwritten_.empty()) return;
    writing_ = std::make_shared<const Changes>(std::exchange(unwritten_, {}));
    dropped_ = false;
    awaiting_ = std::exchange(settling_, {});
    // The thread's result; read on the loop once it is done.
    auto result = std::make_shared<std::pair<bool, std::string>>();
    const bool taken = disk_.submit(
        [this, writing = writing_, result, now = clock_()] {
            result->first = database_.write(*writing, now);
            result->second = database_.why();
        },
        [this, result] { committed(result->first, result->second); });
    if (!taken) committed(false, "the disk thread has too much to do");
}

void LocalBacking::committed(bool well, const std::string& why) {
    if (!well) {
        for (const auto& [key, record] : *writing_)
            unwritten_.try_emplace(key, record);  // unless it has changed again since
    }
    writing_.reset();
    if (failing_ == well) told_(well ? "store_written_again" : "store_write_failed", why);
    failing_ = !well;
    auto settled = std::exchange(awaiting_, {});
    if (!settling_.empty())
        commit();
    else if (!unwritten_.empty())
        loop_.arm(*this, well ? options_.commit_every : try_again_after);
    for (Settled& done : settled)
        done(why);
}

/// Tries to write even while the disk is full: it may have room again, and the caller must learn the reason
/// if it has not.
void LocalBacking::settle(Settled done) {
    if (dropped_) return done("too many changes wait for the disk");
    if (unwritten_.empty() && !writing_) return done("");
    // If nothing is unwritten, a commit in progress holds everything; otherwise the next one does.
    (unwritten_.empty() ? awaiting_ : settling_).push_back(std::move(done));
    commit();
}

}  // namespace sluice::store
