// Questions to the shared memory about a client: about its past when it connects, and about greylisting
// before its first recipient. When the memory is silent, nothing is known.
#pragma once

#include <functional>

#include "base/ip.hpp"
#include "front/inquiry.hpp"
#include "front/untold_deliveries.hpp"
#include "policy/greylist.hpp"
#include "policy/past.hpp"
#include "store/state.hpp"

namespace sluice::front {

class Recall final : public Inquiry, public store::State::Question {
  public:
    /// The client's past, or null when the memory is silent; and whether the memory knows messages from the
    /// client's network that were delivered untold (store/untold_operations.hpp). May destroy the recall.
    using Done = std::move_only_function<void(const policy::Past*, bool untold)>;

    /// Asks the memory; `done` runs once, from the loop. Destroying the recall earlier withdraws the
    /// question, but the session is counted all the same. `options` outlive the recall.
    Recall(store::State& state, const policy::PastOptions& options, const IpAddress& client,
           const policy::Place& place, Done done);

  private:
    void answered(const store::Outcomes* outcomes) override;

    const policy::PastOptions& options_;
    const policy::Place place_;
    std::size_t asked_ = 0;  // the number of operations
    Done done_;
};

/// The inquiry whether this message has come before, or whether others of its origin and its sender's domain
/// have come again.
class GreylistRecall final : public Inquiry, public store::State::Question {
  public:
    /// Gets null when the memory is silent. May destroy the recall.
    using Done = std::move_only_function<void(const policy::GreylistFacts*)>;

    GreylistRecall(store::State& state, const policy::GreylistOptions& options,
                   const policy::GreylistName& name, Done done);

  private:
    void answered(const store::Outcomes* outcomes) override;

    Done done_;
};

/// The inquiry whether this message was delivered before without its client hearing so.
class LetterRecall final : public Inquiry, public store::State::Question {
  public:
    /// Gets null when no such delivery is known. May destroy the recall.
    using Done = std::move_only_function<void(const UntoldDelivery*)>;

    LetterRecall(store::State& state, const IpAddress& client, std::string_view letter, Done done);

  private:
    void answered(const store::Outcomes* outcomes) override;

    Done done_;
};

}  // namespace sluice::front
