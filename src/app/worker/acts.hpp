// The operator's acts as a worker knows them. They are read from the store when one may have changed, and
// when the first of them ends.
//
// While the store is silent, the acts that were read last stay in force, each until its own end: what an
// operator has blocked stays blocked when the store process is killed.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ip.hpp"
#include "net/loop.hpp"
#include "policy/act.hpp"
#include "policy/prefix_table.hpp"
#include "store/state.hpp"

namespace sluice::app {

class Acts final : store::State::Question, net::Timer {
  public:
    /// The most acts that are read: a worker's memory is bounded.
    static constexpr std::size_t acts_max = 100'000;

    /// The longest that the first reading may take; after that the worker begins without the acts.
    static constexpr Millis first_read_max{2000};

    /// `ready` runs once, from the loop: with true when the acts have been read, with false when they could
    /// not be read within `first_read_max` of the first attempt. `changed` runs after each reading: the acts
    /// may differ. The references outlive this.
    Acts(net::Loop& loop, store::State& state, std::function<void(bool read)> ready = nullptr,
         std::function<void()> changed = nullptr)
        : loop_(loop), state_(state), ready_(std::move(ready)), changed_(std::move(changed)) {}

    /// To be called when the acts may have changed: reads all of them, one list at a time.
    void read();

    /// The act on the smallest network that holds `client` and has not ended; null = there is none. The
    /// pointer is valid until the acts are read again: for this turn of the loop.
    const policy::Act* find(const IpAddress& client) const;
    std::size_t size() const { return acts_.size(); }

  private:
    struct Timed {
        policy::Act act;
        std::optional<Instant> end;  // nothing = no end
    };
    using Table = policy::PrefixTable<Timed>;

    /// Ends the wait for the first reading.
    struct Impatience final : net::Timer {
        explicit Impatience(Acts& acts) : acts_(acts) {}
        void on_timer() override { acts_.be_ready(false); }
        Acts& acts_;
    };

    void answered(const store::Outcomes* outcomes) override;
    void on_timer() override { read(); }
    void be_ready(bool read);
    void ask_for_more();
    void take(const store::Outcome& outcome);
    void finish();

    net::Loop& loop_;
    store::State& state_;
    std::function<void(bool)> ready_;  // null once it has run
    std::function<void()> changed_;
    Impatience impatience_{*this};
    Table acts_;
    Table reading_;                     // what has been read so far
    std::string after_;                 // the last key that was read
    std::optional<Instant> first_end_;  // of the acts being read
    bool again_ = false;                // they changed during a reading
    bool began_ = false;                // the first reading has begun
};

/// An act from a record of the store; nothing when the record is no valid act.
std::optional<std::pair<Network, policy::Act>> read_act(const store::Outcome& outcome);

}  // namespace sluice::app
