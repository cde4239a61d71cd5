// Records of this machine: counts in memory, everything else in a database on disk.
//
// Changes are answered from memory at once and written together, on the disk thread, every
// Options::commit_every: a crash loses at most the changes of that time. A database that cannot be written is
// no reason to stop: changes stay in memory up to a bound, and the writing is tried again.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/loop.hpp"
#include "net/offload.hpp"
#include "store/backing.hpp"
#include "store/database.hpp"
#include "store/shelf.hpp"

namespace sluice::store {

class LocalBacking final : public Backing, net::Timer {
  public:
    struct Options {
        Database::Options database;
        std::size_t counts_max = 200'000;     // records in memory that are never written
        std::size_t unwritten_max = 200'000;  // beyond it new changes are dropped, except acts
        Millis commit_every{100};
        std::uint32_t seed = 1;
    };
    using Clock = std::function<WallMillis()>;
    /// Tells the operator of an event: "store_write_failed" or "store_written_again", and the reason.
    using Told = std::function<void(std::string_view what, std::string_view why)>;

    /// Throws std::runtime_error when no database can be opened.
    LocalBacking(net::Loop& loop, const Options& options, Clock clock, Told told);
    /// Waits for a commit in progress; changes that were not settle()d may be lost.
    ~LocalBacking() override;

    void perform(Operations batch, Done done) override;
    void settle(Settled done) override;

    const Database& database() const { return database_; }

  private:
    void on_timer() override { commit(); }

    Outcome perform_one(const Operation& operation, WallMillis now);
    std::optional<Record> find(std::string_view key, WallMillis now) const;
    void write_later(const std::string& key, std::optional<Record> record);
    Outcomes list(const Operation& operation, WallMillis now) const;
    void commit();
    void committed(bool well, const std::string& why);

    net::Loop& loop_;
    const Options options_;
    Clock clock_;
    Told told_;
    Database database_;
    Shelf counts_;
    Changes unwritten_;
    std::shared_ptr<const Changes> writing_;  // null = no commit is in progress
    bool failing_ = false;
    bool dropped_ = false;           // a new change was dropped since the last commit began
    std::vector<Settled> settling_;  // to run after the next commit
    std::vector<Settled> awaiting_;  // to run after the commit in progress
    net::Offload disk_;              // last: its thread uses the database
};

}  // namespace sluice::store
