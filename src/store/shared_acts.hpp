// The operators' acts where several machines share them: each machine keeps all acts on its own disk, obeys
// that copy, and synchronises it with Redis twice a second.
//
// So the acts hold while Redis is away, even from the start, and Redis gets back what it has lost. If two
// copies differ, the one that was said later holds, wherever it is; a forget is an act too, and leaves a
// mark. If one side lacks an act, it never had it or lost it: it takes the other side's copy (ADR 24). All
// other records belong to Redis alone, and are passed on.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "net/loop.hpp"
#include "store/backing.hpp"
#include "store/local_backing.hpp"

namespace sluice::store {

class SharedActs final : public Backing, net::Timer {
  public:
    struct Options {
        Millis sync_every{500};
    };
    /// Tells the operator of an event: "acts_not_read", "acts_read" or "acts_put_back", and a sentence with
    /// details.
    using Told = std::function<void(std::string_view what, std::string_view why)>;

    /// `kept` is this machine's backing, for acts alone; `shared` is that of all machines. `changed` runs
    /// from the loop when another machine's operator has acted.
    SharedActs(net::Loop& loop, const Options& options, std::unique_ptr<LocalBacking> kept,
               std::unique_ptr<Backing> shared, LocalBacking::Clock clock, Told told,
               std::function<void()> changed);

    /// An act is in force on this machine even when `done` learns that it could not be put into Redis.
    void perform(Operations batch, Done done) override;
    void settle(Settled done) override;

  private:
    struct Answers;
    using Records = std::map<std::string, Outcome, std::less<>>;

    void on_timer() override;
    void read_shared(const std::string& after);
    void could_not_read();
    void agree();
    void put_back(Operations operations);

    Outcomes ask_kept(Operation operation);
    Outcome look(const std::string& key);
    Outcomes list(Operation operation);
    Records everything_kept();
    Outcome say(const Operation& operation, Operations& to_share);
    void take(const std::string& key, const Outcome& theirs);
    /// The newer of two copies of one network's act.
    enum class Newer : std::uint8_t { same, ours, theirs };
    Newer compare(const Outcome& ours, const Outcome& theirs) const;
    WallMillis said(const Outcome& outcome) const;

    net::Loop& loop_;
    const Options options_;
    LocalBacking::Clock clock_;
    Told told_;
    std::function<void()> changed_;
    Records found_;  // in Redis, as far as they have been read
    bool reading_ = false;
    bool has_read_ = false;  // all acts were read at least once
    bool told_not_read_ = false;
    std::unique_ptr<LocalBacking> kept_;
    std::unique_ptr<Backing> shared_;  // last: operations still in flight refer to the other members
};

}  // namespace sluice::store
