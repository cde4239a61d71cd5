// The question to the store whether a message was delivered before without its client hearing so. When the
// store is silent, nothing is known.
#pragma once

#include <functional>
#include <string_view>

#include "base/ip.hpp"
#include "front/untold_deliveries.hpp"
#include "store/state.hpp"

namespace sluice::front {

class LetterRecall final : public store::State::Question {
  public:
    /// Gets null when no such delivery is known. May destroy the recall.
    using Done = std::move_only_function<void(const UntoldDelivery*)>;

    /// Asks the store; `done` runs once, from the loop. Destroying the recall earlier withdraws the question.
    LetterRecall(store::State& state, const IpAddress& client, std::string_view letter, Done done);

  private:
    void answered(const store::Outcomes* outcomes) override;

    Done done_;
};

}  // namespace sluice::front
