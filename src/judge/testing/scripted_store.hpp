// A store whose records the test writes, and that answers when the test says so.
#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "store/state.hpp"

namespace sluice::judge {

class ScriptedStore final : public store::State {
  public:
    void ask(Question& question, std::span<const store::Operation> operations) override {
        take(question);
        waiting.emplace_back(&question, store::Operations(operations.begin(), operations.end()));
    }
    void tell(std::span<const store::Operation> operations) override {
        told.insert(told.end(), operations.begin(), operations.end());
    }

    /// Answers all questions that wait: with the records, or with nothing.
    void answer_all(bool silent = false) {
        for (const auto& [question, operations] : std::exchange(waiting, {})) {
            store::Outcomes outcomes;
            for (const store::Operation& operation : operations)
                outcomes.push_back(records[operation.key]);
            answer(*question, silent ? nullptr : &outcomes);
        }
    }

    std::map<std::string, store::Outcome> records;  // by key
    std::vector<std::pair<Question*, store::Operations>> waiting;
    store::Operations told;

  private:
    void withdrawn(Question& question) override {
        std::erase_if(waiting, [&](const auto& asked) { return asked.first == &question; });
    }
};

}  // namespace sluice::judge
