#include "app/inspect/store_session.hpp"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <utility>

#include "app/config/find_config.hpp"
#include "app/process/start_error.hpp"
#include "store/keys.hpp"

namespace sluice::app {

/// A question for whose answer the loop runs.
class StoreSession::Waiting final : public store::State::Question {
  public:
    explicit Waiting(net::Loop& loop) : loop_(loop) {}
    void answered(const store::Outcomes* outcomes) override {
        if (outcomes != nullptr) outcomes_ = *outcomes;
        loop_.stop();
    }
    std::optional<store::Outcomes>& outcomes() { return outcomes_; }

  private:
    net::Loop& loop_;
    std::optional<store::Outcomes> outcomes_;
};

StoreSession::StoreSession(const Config& config, std::string_view command)
    : where_(config.state_dir),
      client_(loop_, {.path = config.store_path(), .deadline = patience},
              {.told = [this](std::string_view what,
                              std::string_view why) { trouble_ = what == "store_up" ? "" : why; },
               .hold_again = [] {},
               .acts_changed = [] {}}) {
    if (command.empty()) return;
    const std::string key =
        std::string(store::command_space).append(command).substr(0, store::key_octets_max);
    command_.push_back({.verb = store::Verb::put, .key = key});
}

store::Outcomes StoreSession::ask(std::span<const store::Operation> operations) {
    store::Outcomes outcomes;
    if (operations.empty() && command_.empty()) return outcomes;
    do {
        const auto some =
            operations.first(std::min(operations.size(), store::operations_max - command_.size()));
        store::Operations together = command_;
        together.insert(together.end(), some.begin(), some.end());
        const store::Outcomes answers = ask_once(together);
        outcomes.insert(outcomes.end(), answers.begin() + static_cast<std::ptrdiff_t>(command_.size()),
                        answers.end());
        operations = operations.subspan(some.size());
    } while (!operations.empty());
    return outcomes;
}

store::Outcomes StoreSession::ask_once(std::span<const store::Operation> operations) {
    Waiting waiting(loop_);
    client_.ask(waiting, operations);
    loop_.run();
    if (auto& outcomes = waiting.outcomes()) return *std::move(outcomes);
    if (!trouble_.empty()) throw StartError(fmt::format("no store answers in {}: {}", where_, trouble_));
    if (client_.refusal().empty())
        throw StartError(
            fmt::format("no store answers in {}: Sluice ends, or does without from now on", where_));
    throw StartError(fmt::format("the store process refuses: {}", client_.refusal()));
}

void StoreSession::list(std::string_view prefix, const std::function<bool(const store::Outcome&)>& take) {
    store::Operation list{
        .verb = store::Verb::list, .key = std::string(prefix), .value = {}, .amount = store::listed_max};
    while (true) {
        const store::Outcomes page = ask_once(std::span(&list, 1));
        if (!std::ranges::all_of(page, take)) return;
        if (page.size() < static_cast<std::size_t>(store::listed_max)) return;
        list.value = page.back().key;
    }
}

std::optional<Config> memory_config(const RunFlags& given) {
    const RunFlags flags = find_running(given);
    auto config = config_or_errors(flags);
    if (!config || (config->remembers() && !config->state_dir.empty())) return config;
    fmt::print(
        stderr, "sluice: {}\n",
        config->state_dir.empty() ? no_state_dir_text(flags) : "store is \"off\": nothing is remembered");
    return std::nullopt;
}

}  // namespace sluice::app
