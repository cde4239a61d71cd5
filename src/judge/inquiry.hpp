// A question that a check has asked of the store or of DNS; destroying it withdraws the question.
#pragma once

#include <memory>
#include <string>

#include "judge/check.hpp"
#include "net/loop.hpp"
#include "policy/signal_catalogue.hpp"

namespace sluice::judge {

class Inquiry : net::Timer {
  public:
    Inquiry(Case& of, const Check& check) : case_(of), check_(check) {}
    Inquiry(const Inquiry&) = delete;
    Inquiry& operator=(const Inquiry&) = delete;
    virtual ~Inquiry() = default;

    const Check& check() const { return check_; }

  protected:
    /// Notes what no answer means: the deadline has passed, and the case is about to destroy the inquiry.
    virtual void expire() = 0;

    /// Notes a signal of this check, as Case::note() and notice() do.
    void note(policy::Signal signal);
    void notice(policy::SignalId id, std::string value = {});

    /// Tells the case that all is answered. The inquiry must not be used any more: the case destroys it, and
    /// may go on to its next stage, which may destroy the case as well.
    void done();

    Case& of() { return case_; }

  private:
    friend class Case;

    void on_timer() final {
        expire();
        done();
    }

    Case& case_;
    const Check& check_;
    std::unique_ptr<Inquiry> next_;  // of the case's open inquiries
};

/// The `begin` of a check that asks one question, of class `Asked`.
template <class Asked>
std::unique_ptr<Inquiry> ask(Case& of, const Check& self) {
    return std::make_unique<Asked>(of, self);
}

}  // namespace sluice::judge
