#include "store/database.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fmt/format.h>
#include <stdexcept>
#include <utility>
#include <vector>

namespace sluice::store {

namespace {

MDB_val value_of(std::string_view octets) {
    // LMDB does not write through this pointer.
    return {.mv_size = octets.size(), .mv_data = const_cast<char*>(octets.data())};
}

std::string_view text_of(const MDB_val& value) {
    return {static_cast<const char*>(value.mv_data), value.mv_size};
}

[[noreturn]] void fail(const std::string& directory, int error) {
    throw std::runtime_error(fmt::format("store in {}: {}", directory, mdb_strerror(error)));
}

bool is_damage(int error) {
    return error == MDB_CORRUPTED || error == MDB_INVALID || error == MDB_VERSION_MISMATCH ||
           error == MDB_PAGE_NOTFOUND || error == MDB_PANIC;
}

/// The limit of the file's size. In practice it grows to a tenth: addresses and counts are small.
std::size_t map_octets(std::size_t records) {
    constexpr std::size_t least = std::size_t{64} << 20;
    constexpr std::size_t largest_record = 2048;  // key and value at their bounds, and their share of a page
    constexpr std::size_t page = 4096;
    return (least + records * largest_record) / page * page;
}

}  // namespace

/// A read transaction on the last complete state.
class Database::Reading {
  public:
    explicit Reading(const Database& database) : transaction_(database.reading_) {
        if (const int error = mdb_txn_renew(transaction_); error != 0)
            fail(database.options_.directory, error);
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() { mdb_txn_reset(transaction_); }

    MDB_txn* get() const { return transaction_; }

  private:
    MDB_txn* transaction_;
};

Database::Database(const Options& options) : options_(options) {
    int error = open();
    if (is_damage(error)) {
        put_aside();
        was_damaged_ = true;
        error = open();
    }
    if (error != 0) fail(options_.directory, error);
}

Database::~Database() {
    if (reading_ != nullptr) mdb_txn_abort(reading_);
}

int Database::open() {
    MDB_env* environment = nullptr;
    if (const int error = mdb_env_create(&environment); error != 0) return error;
    environment_.reset(environment);
    int error = mdb_env_set_mapsize(environment, map_octets(options_.records_max));
    if (error == 0)
        error = mdb_env_open(environment, options_.directory.c_str(), MDB_NOTLS | MDB_NORDAHEAD, 0600);
    MDB_txn* transaction = nullptr;
    if (error == 0) error = begin(transaction);
    if (error == 0) error = mdb_dbi_open(transaction, nullptr, 0, &records_);
    if (transaction != nullptr) {
        const int committed = error == 0 ? mdb_txn_commit(transaction) : (mdb_txn_abort(transaction), error);
        error = error == 0 ? committed : error;
    }
    if (error == 0) error = mdb_txn_begin(environment, nullptr, MDB_RDONLY, &reading_);
    if (error == 0) mdb_txn_reset(reading_);
    if (error != 0) environment_.reset();
    return error;
}

int Database::begin(MDB_txn*& transaction) const {
    return mdb_txn_begin(environment_.get(), nullptr, 0, &transaction);
}

void Database::put_aside() const {
    const std::string file = options_.directory + "/data.mdb";
    (void)std::rename(file.c_str(), (file + ".damaged").c_str());
    (void)std::remove((options_.directory + "/lock.mdb").c_str());
}

std::optional<Record> Database::get(std::string_view key) const {
    const Reading reading(*this);
    MDB_val name = value_of(key), found{};
    if (mdb_get(reading.get(), records_, &name, &found) != 0) return std::nullopt;
    return decode_record(text_of(found));
}

void Database::scan(std::string_view from, const std::function<bool(std::string_view, Record)>& take) const {
    const Reading reading(*this);
    MDB_cursor* cursor = nullptr;
    if (mdb_cursor_open(reading.get(), records_, &cursor) != 0) return;
    MDB_val key = value_of(from), found{};
    int error = mdb_cursor_get(cursor, &key, &found, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    for (; error == 0; error = mdb_cursor_get(cursor, &key, &found, MDB_NEXT)) {
        auto record = decode_record(text_of(found));
        if (record && !take(text_of(key), *std::move(record))) break;
    }
    mdb_cursor_close(cursor);
}

std::size_t Database::records() const {
    MDB_stat stat{};
    mdb_env_stat(environment_.get(), &stat);
    return stat.ms_entries;
}

bool Database::write(const Changes& changes, WallMillis now) {
    MDB_txn* transaction = nullptr;
    int error = begin(transaction);
    if (error == 0) error = apply(transaction, changes);
    if (error == 0) error = tidy(transaction, changes.size(), now);
    if (error == 0)
        error = mdb_txn_commit(transaction);
    else if (transaction != nullptr)
        mdb_txn_abort(transaction);
    why_ = error == 0 ? "" : mdb_strerror(error);
    return error == 0;
}

int Database::apply(MDB_txn* transaction, const Changes& changes) const {
    for (const auto& [key, record] : changes) {
        MDB_val name = value_of(key);
        int error = 0;
        if (record) {
            const std::string octets = encode(*record);
            MDB_val value = value_of(octets);
            error = mdb_put(transaction, records_, &name, &value, 0);
        } else {
            error = mdb_del(transaction, records_, &name, nullptr);
        }
        if (error != 0 && error != MDB_NOTFOUND) return error;
    }
    return 0;
}

/// Examines a part of all records with every write. Near the bound these are more than were written, so that
/// the bound holds whatever comes; otherwise expired records can wait for a later round.
int Database::tidy(MDB_txn* transaction, std::size_t changes, WallMillis now) {
    constexpr std::size_t at_least = 256;
    constexpr std::size_t for_each_change = 4;
    MDB_stat stat{};
    if (const int error = mdb_stat(transaction, records_, &stat); error != 0) return error;
    const std::size_t excess =
        stat.ms_entries > options_.records_max ? stat.ms_entries - options_.records_max : 0;
    MDB_cursor* cursor = nullptr;
    if (const int error = mdb_cursor_open(transaction, records_, &cursor); error != 0) return error;
    const bool near = stat.ms_entries + changes > options_.records_max / 2;
    const std::size_t count =
        near ? std::max(at_least, for_each_change * std::max(changes, excess)) : at_least;
    const int error = look_at(cursor, std::min(count, stat.ms_entries), now, excess);
    mdb_cursor_close(cursor);
    return error;
}

int Database::look_at(MDB_cursor* cursor, std::size_t count, WallMillis now, std::size_t excess) {
    std::vector<std::pair<double, std::string>> seen;
    MDB_val key = value_of(tidied_to_), found{};
    int error = mdb_cursor_get(cursor, &key, &found, tidied_to_.empty() ? MDB_FIRST : MDB_SET_RANGE);
    for (std::size_t looked = 0; error == 0 && looked < count; ++looked) {
        const auto record = decode_record(text_of(found));
        seen.emplace_back(record ? worth(*record, now) : 0.0, text_of(key));
        error = mdb_cursor_get(cursor, &key, &found, MDB_NEXT);
    }
    tidied_to_ = error == 0 ? std::string(text_of(key)) : "";
    if (error != 0 && error != MDB_NOTFOUND) return error;
    std::ranges::sort(seen);
    for (std::size_t gone = 0; gone < seen.size() && (seen[gone].first <= 0 || gone < excess); ++gone) {
        MDB_val name = value_of(seen[gone].second);
        error = mdb_cursor_get(cursor, &name, &found, MDB_SET);
        if (error == 0) error = mdb_cursor_del(cursor, 0);
        if (error != 0) return error;
    }
    return 0;
}

}  // namespace sluice::store
