// An operator's command asks the store process: one question after another, waiting for each answer.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "app/config/config.hpp"
#include "app/config/run_flags.hpp"
#include "net/loop.hpp"
#include "store/client.hpp"

namespace sluice::app {

class StoreSession {
  public:
    /// `command` is what the operator said ("forget 192.0.2.0/24"); the store process logs it with what it
    /// changes. Empty = the command only reads. `config` has a store.
    StoreSession(const Config& config, std::string_view command);

    /// Returns an outcome for each operation; there may be any number of operations, but no list. Changes are
    /// then on disk; without operations, those of earlier commands are. Throws StartError when there is no
    /// store process, when it is silent for `patience`, and when it refuses.
    store::Outcomes ask(std::span<const store::Operation> operations);
    store::Outcome ask(const store::Operation& operation) { return ask(std::span(&operation, 1)).front(); }

    /// Calls `take` with every record whose key begins with `prefix`, in the order of keys, until `take`
    /// returns false.
    void list(std::string_view prefix, const std::function<bool(const store::Outcome&)>& take);

    net::Loop& loop() { return loop_; }
    /// The way to the store for what asks by itself while loop() runs.
    store::State& state() { return client_; }

  private:
    static constexpr Millis patience{10'000};  // a disk may be slow

    class Waiting;

    store::Outcomes ask_once(std::span<const store::Operation> operations);

    net::Loop loop_;
    std::string trouble_;  // why there is no answer; empty = the store refuses
    std::string where_;
    store::Operations command_;  // sent with each question; none = the command only reads
    store::StateClient client_;
};

/// The configuration of the Sluice that runs (app/config/find_config.hpp); one without a store is an error.
/// On errors prints them and returns nothing; the exit code is then exit_usage. Throws StartError.
std::optional<Config> memory_config(const RunFlags& flags);

}  // namespace sluice::app
