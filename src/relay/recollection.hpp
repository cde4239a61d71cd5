// Asks the shared memory of workers and machines what an MTA said of a recipient, before the MTA is asked.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "smtp/backend.hpp"
#include "store/state.hpp"

namespace sluice::relay {

/// One question to the memory, and all recipient questions that wait for what it knows of this address.
class Recollection final : public store::State::Question, smtp::Answerer {
  public:
    class Owner {
      public:
        /// `outcomes` is null when the memory did not answer within its deadline. May destroy the
        /// recollection.
        virtual void recalled(Recollection& recollection, const store::Outcomes* outcomes) = 0;

      protected:
        ~Owner() = default;
    };

    /// `recipient` is the key of the address (write_recipient_key).
    Recollection(Owner& owner, std::string recipient) : owner_(owner), recipient_(std::move(recipient)) {}
    ~Recollection() override;

    const std::string& recipient() const { return recipient_; }

    void join(smtp::RecipientQuestion& question) {
        waiting_.push_back(&question);
        take(question);
    }
    /// Removes and returns the question that has waited longest; null when none waits. It is to be answered,
    /// or taken by another.
    smtp::RecipientQuestion* next();
    using Answerer::answer;

  private:
    void withdrawn(smtp::Question& question) override { std::erase(waiting_, &question); }
    void answered(const store::Outcomes* outcomes) override { owner_.recalled(*this, outcomes); }

    Owner& owner_;
    const std::string recipient_;
    std::vector<smtp::Question*> waiting_;  // RecipientQuestions
};

}  // namespace sluice::relay
