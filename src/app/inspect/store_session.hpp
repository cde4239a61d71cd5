// An operator's command and the store process: one question after another, each waited for.
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
    /// `command` is what the operator has said, "forget 192.0.2.0/24": the store process logs what it
    /// changes. Empty = it only looks. `config` has a memory.
    StoreSession(const Config& config, std::string_view command);

    /// An outcome for each operation, of which there may be any number; no list. What a command has changed
    /// is on disk then, and with no operations, what earlier commands have. Throws StartError when there is
    /// no store process, when it is silent for `patience`, and when it refuses.
    store::Outcomes ask(std::span<const store::Operation> operations);
    store::Outcome ask(const store::Operation& operation) { return ask(std::span(&operation, 1)).front(); }

    /// Every record whose key begins with `prefix`, in the order of their keys, until `take` says false.
    void list(std::string_view prefix, const std::function<bool(const store::Outcome&)>& take);

    net::Loop& loop() { return loop_; }

  private:
    static constexpr Millis patience{10'000};  // a disk may be slow

    class Waiting;

    store::Outcomes ask_once(std::span<const store::Operation> operations);

    net::Loop loop_;
    std::string trouble_;  // why there is no answer; empty = it is refused
    std::string where_;
    store::Operations command_;  // which goes with each question; none = it only looks
    store::StateClient client_;
};

/// The configuration of the Sluice that runs (app/config/find_config.hpp), where one without a store is an
/// error. Errors are printed; then nothing, which is exit_usage. Throws StartError.
std::optional<Config> memory_config(const RunFlags& flags);

}  // namespace sluice::app
