// Records of this machine: counts in memory, everything else in a database on disk.
//
// Changes are answered from memory at once and written down together, on the disk thread, every
// Options::commit_every: that is the window of what a crash can lose. A database that cannot be written is no
// reason to stop: records stay in memory up to a bound, and the writing is tried again.
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
        std::size_t unwritten_max = 200'000;  // beyond it what is new is forgotten at once, but for acts
        Millis commit_every{100};
        std::uint32_t seed = 1;
    };
    using Clock = std::function<WallMillis()>;
    /// What the operator should know: "store_write_failed", "store_written_again", and why.
    using Told = std::function<void(std::string_view what, std::string_view why)>;

    /// Throws std::runtime_error when there can be no database.
    LocalBacking(net::Loop& loop, const Options& options, Clock clock, Told told);
    /// Waits for a commit under way; what has not been settle()d may be lost.
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
    std::shared_ptr<const Changes> writing_;  // null = no commit is under way
    bool failing_ = false;
    bool dropped_ = false;           // something that was new, since the last commit began
    std::vector<Settled> settling_;  // with the next commit
    std::vector<Settled> awaiting_;  // with the one under way
    net::Offload disk_;              // last: its thread uses the database
};

}  // namespace sluice::store
