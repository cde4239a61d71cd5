// What the shared memory knows of a client: asked for when it connects, and, for greylisting, before its
// first recipient. A memory that is silent is answered for by "nothing is known".
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
    /// The past, or null when the memory is silent, and whether letters of the client's network are known
    /// that were delivered untold (store/untold_operations.hpp). May destroy the recall.
    using Done = std::move_only_function<void(const policy::Past*, bool untold)>;

    /// Asks; `done` runs once, from the loop. Destroying it earlier withdraws the question: the session is
    /// counted all the same. `options` outlive it.
    Recall(store::State& state, const policy::PastOptions& options, const IpAddress& client,
           const policy::Place& place, Done done);

  private:
    void answered(const store::Outcomes* outcomes) override;

    const policy::PastOptions& options_;
    const policy::Place place_;
    std::size_t asked_ = 0;  // operations
    Done done_;
};

/// Whether this letter has been here before, or others of its origin and sender's domain have come again.
class GreylistRecall final : public Inquiry, public store::State::Question {
  public:
    /// Nothing = the memory is silent. May destroy the recall.
    using Done = std::move_only_function<void(const policy::GreylistFacts*)>;

    GreylistRecall(store::State& state, const policy::GreylistOptions& options,
                   const policy::GreylistName& name, Done done);

  private:
    void answered(const store::Outcomes* outcomes) override;

    Done done_;
};

/// Whether this letter was delivered before, untold.
class LetterRecall final : public Inquiry, public store::State::Question {
  public:
    /// Nothing = it was not, as far as is known. May destroy the recall.
    using Done = std::move_only_function<void(const UntoldDelivery*)>;

    LetterRecall(store::State& state, const IpAddress& client, std::string_view letter, Done done);

  private:
    void answered(const store::Outcomes* outcomes) override;

    Done done_;
};

}  // namespace sluice::front
