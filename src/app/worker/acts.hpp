// The operator's acts as a worker knows them: read from the memory when one may have changed, and when the
// first of them comes to its end.
//
// While the memory is silent the last ones that were read hold, but none beyond its own end: what an operator
// has blocked stays so when the store process is killed.
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
    /// More are not read: a worker's memory is bounded.
    static constexpr std::size_t acts_max = 100'000;

    /// The first reading may take that long, before the worker begins without them.
    static constexpr Millis first_read_max{2000};

    /// `ready` runs once, from the loop: when they have been read, or could not be for `first_read_max` since
    /// the first attempt, which is false. `changed` runs whenever they have been read and may be others. All
    /// others outlive this.
    Acts(net::Loop& loop, store::State& state, std::function<void(bool read)> ready = nullptr,
         std::function<void()> changed = nullptr)
        : loop_(loop), state_(state), ready_(std::move(ready)), changed_(std::move(changed)) {}

    /// They may have changed: reads all of them, a list at a time.
    void read();

    /// The act on the smallest network that holds `client`, if it has not ended; null = there is none. Lives
    /// until the acts are read anew: for this turn of the loop.
    const policy::Act* find(const IpAddress& client) const;
    std::size_t size() const { return acts_.size(); }

  private:
    struct Timed {
        policy::Act act;
        std::optional<Instant> end;  // nothing = never
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
    std::function<void(bool)> ready_;  // until then
    std::function<void()> changed_;
    Impatience impatience_{*this};
    Table acts_;
    Table reading_;                     // what has come of them
    std::string after_;                 // the last key that was read
    std::optional<Instant> first_end_;  // of those being read
    bool again_ = false;                // they have changed meanwhile
    bool began_ = false;                // the first reading
};

/// An act as the memory lists it; nothing = it is none.
std::optional<std::pair<Network, policy::Act>> read_act(const store::Outcome& outcome);

}  // namespace sluice::app
