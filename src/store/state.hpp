// The port through which workers use the memory they share: questions with a deadline, and news that need no
// answer.
//
// The memory may be slow, or absent: then a question is answered with nothing, in time, and the caller goes
// on as if the memory knew nothing about the client (it fails open). News sent meanwhile are lost.
#pragma once

#include <span>

#include "store/operation.hpp"

namespace sluice::store {

class State {
  public:
    /// A question of one caller. Destroying it withdraws it.
    class Question {
      public:
        Question() = default;
        Question(const Question&) = delete;
        Question& operator=(const Question&) = delete;

        /// An outcome for each operation, in their order (for a list: as many as there are); null = the
        /// memory did not answer. Called once, from the loop, never from within ask(). May destroy the
        /// question.
        virtual void answered(const Outcomes* outcomes) = 0;

        bool waits() const { return state_ != nullptr; }

      protected:
        ~Question() {
            if (state_ != nullptr) state_->withdraw(*this);
        }

      private:
        friend class State;
        friend class StateClient;
        State* state_ = nullptr;  // null = it does not wait
        std::uint32_t number_ = 0;
        Instant deadline_{};
    };

    virtual ~State() = default;

    /// Takes at most operations_max operations. What several sessions ask in one turn of the loop travels
    /// together.
    virtual void ask(Question& question, std::span<const Operation> operations) = 0;
    virtual void tell(std::span<const Operation> operations) = 0;

  private:
    virtual void withdraw(Question& question) = 0;
};

}  // namespace sluice::store
