// The port through which workers use the memory they share: questions with a deadline, and news that need no
// answer.
//
// The memory may be slow, or absent: then a question is answered with nothing, in time, and the caller goes
// on as if the memory knew nothing about the client (it fails open). News sent meanwhile are lost.
#pragma once

#include <span>

#include "base/question.hpp"
#include "store/operation.hpp"

namespace sluice::store {

class State : public Answerer<const Outcomes*> {
  public:
    /// Hears an outcome for each operation, in their order (for a list: as many as there are); null = the
    /// memory did not answer.
    using Question = sluice::Question<const Outcomes*>;

    virtual ~State() = default;

    /// Takes at most operations_max operations. What several sessions ask in one turn of the loop travels
    /// together.
    virtual void ask(Question& question, std::span<const Operation> operations) = 0;
    virtual void tell(std::span<const Operation> operations) = 0;
};

}  // namespace sluice::store
