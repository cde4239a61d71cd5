// Records on disk: an LMDB environment of this process, bounded in the number of records.
//
// One thread reads, another writes, as LMDB allows. A write is one durable transaction of many changes; it
// also examines some of the existing records, drops expired ones and, when there are too many, those worth
// least. A kill at any moment leaves the last complete transaction.
#pragma once

#include <lmdb.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/secret_hash.hpp"
#include "store/record.hpp"

namespace sluice::store {

/// Nothing in place of a record means that it is to be erased. A session looks for several keys here, most of
/// them in vain, so no look copies its key.
using Changes = std::unordered_map<std::string, std::optional<Record>, net::SecretHash, std::equal_to<>>;

class Database {
  public:
    struct Options {
        std::string directory;  // must exist
        std::size_t records_max = 1'000'000;
    };

    /// Throws std::runtime_error. A damaged database is put aside (data.mdb.damaged), and a new one is begun:
    /// was_damaged() tells.
    explicit Database(const Options& options);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    bool was_damaged() const { return was_damaged_; }

    // For the reading thread.

    std::optional<Record> get(std::string_view key) const;
    /// Shows the records from `from` on, in key order, until `take` returns false.
    void scan(std::string_view from, const std::function<bool(std::string_view, Record)>& take) const;
    std::size_t records() const;

    // For the writing thread.

    /// Writes all changes or none. False when they could not be written; why() then says why.
    bool write(const Changes& changes, WallMillis now);
    const std::string& why() const { return why_; }

  private:
    class Reading;
    struct Close {
        void operator()(MDB_env* environment) const { mdb_env_close(environment); }
    };

    int open();
    void put_aside() const;
    int begin(MDB_txn*& transaction) const;
    int apply(MDB_txn* transaction, const Changes& changes) const;
    int tidy(MDB_txn* transaction, std::size_t changes, WallMillis now);
    int look_at(MDB_cursor* cursor, std::size_t count, WallMillis now, std::size_t excess);

    const Options options_;
    std::unique_ptr<MDB_env, Close> environment_;
    MDB_dbi records_ = 0;
    MDB_txn* reading_ = nullptr;
    bool was_damaged_ = false;
    std::string tidied_to_;  // where the last write stopped examining records
    std::string why_;
};

}  // namespace sluice::store
