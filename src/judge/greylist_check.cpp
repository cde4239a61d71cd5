// The check whether a suspect's mail has to come again first. The store is asked before the first recipient
// of a transaction. When it is silent, nobody is asked to come again.
#include "judge/greylist_check.hpp"

#include <fmt/format.h>

#include "judge/case.hpp"
#include "judge/inquiry.hpp"
#include "policy/greylist.hpp"
#include "store/greylist_operations.hpp"
#include "store/state.hpp"

namespace sluice::judge {

policy::GreylistName greylist_name(const Case& of) {
    const Party& party = of.party();
    return policy::greylist_name(party.client(), of.name().confirmed(), party.envelope().sender,
                                 party.recipient());
}

namespace {

class GreylistInquiry final : public Inquiry, store::State::Question {
  public:
    GreylistInquiry(Case& of, const Check& check) : Inquiry(of, check) {
        const Sources& all = of.sources();
        all.state->ask(*this, store::greylist_question(all.options.greylist, greylist_name(of)));
    }

  private:
    void expire() override {}

    void answered(const store::Outcomes* outcomes) override {
        of().facts().greylist = Greylist::passed;
        if (outcomes == nullptr) {
            of().sources().metrics.add(Metric::greylist, GreylistResult::unanswered);
        } else {
            learn(policy::greylist(store::read_greylist(*outcomes), of().sources().options.greylist));
        }
        done();
    }

    void learn(const policy::GreylistAnswer& answer) {
        const Sources& all = of().sources();
        const bool waits = answer.what == policy::GreylistAnswer::What::wait;
        all.metrics.add(Metric::greylist, waits ? GreylistResult::wait : GreylistResult::pass);
        const policy::GreylistName name = greylist_name(of());
        if (answer.newly) all.state->tell(store::greylist_passed(all.options.greylist, name));
        if (answer.renew) all.state->tell(store::greylist_kept(all.options.greylist, name));
        if (!waits) return;
        of().facts().greylist = Greylist::waits;
        // The session's line is to tell of it, too, so the signal outlasts the transaction.
        of().note({.name = "greylist",
                   .what = "",
                   .value = fmt::format("{} {}, {} s", name.origin, name.domain, answer.wait.count())});
    }
};

/// Nobody is asked to come again by an operator who only looks, nor where the lane refuses the recipient.
bool wanted(const Case& of) {
    const Sources& all = of.sources();
    if (all.state == nullptr || all.arrival == store::Arrival::looks) return false;
    if (of.facts().greylist != Greylist::unknown || of.party().authenticated() || of.is_known()) return false;
    const policy::Verdict verdict = of.verdict();
    return verdict.lane != policy::Lane::reject && verdict.lane != policy::Lane::defer &&
           policy::is_greylisted(all.options.greylist, verdict.lane, verdict.score);
}

}  // namespace

const Check greylist_check{.stage = Stage::rcpt,
                           .awaited = Stage::rcpt,
                           .scope = policy::SignalScope::transaction,
                           .source = policy::Source::store,
                           .wanted = wanted,
                           .begin = ask<GreylistInquiry>};

}  // namespace sluice::judge
