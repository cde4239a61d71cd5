// The check of the client's past, which the store remembers: its conduct, its blocks, its rates. The question
// also counts the session. When the store is silent, nothing is known of the client.
#include "judge/case.hpp"
#include "judge/inquiry.hpp"
#include "store/past_operations.hpp"
#include "store/state.hpp"
#include "store/untold_operations.hpp"

namespace sluice::judge {

namespace {

class PastInquiry final : public Inquiry, store::State::Question {
  public:
    PastInquiry(Case& of, const Check& check)
        : Inquiry(of, check), place_(of.sources().place_of(of.party().client())) {
        const Sources& all = of.sources();
        const IpAddress& client = of.party().client();
        asked_ = store::past_of(client, place_, all.options.past, all.arrival);
        asked_.push_back(store::untold_of_network(client));  // behind the outcomes that read_past() reads
        all.state->ask(*this, asked_);
    }

  private:
    void expire() override {}

    void answered(const store::Outcomes* outcomes) override {
        if (outcomes != nullptr) learn(*outcomes);
        done();
    }

    void learn(const store::Outcomes& outcomes) {
        const PolicyOptions& options = of().sources().options;
        policy::Past past = store::read_past(outcomes, place_, options.past);
        if (of().sources().arrival == store::Arrival::looks) count_this_connection(past);
        of().party().past_found(past, asked_, outcomes);
        for (policy::Signal& signal : policy::signals_of(past, options.past, options.signals))
            note(std::move(signal));
        Facts& facts = of().facts();
        facts.welcome = policy::is_welcome(past);
        facts.untold_near = outcomes.size() == asked_.size() && outcomes.back().found;
        if (past.block) facts.block_level = static_cast<std::uint8_t>(past.block->level);
    }

    /// Counts what the client's connection would count if it came now.
    static void count_this_connection(policy::Past& past) {
        for (std::size_t scope = 0; scope < policy::scopes; ++scope) {
            ++past.at_once[scope];
            ++past.in_window[scope][static_cast<std::size_t>(policy::Rate::connections)];
        }
    }

    policy::Place place_;
    store::Operations asked_;
};

bool wanted(const Case& of) {
    return of.sources().state != nullptr;
}

/// A client on one of the operator's lists is counted, but does not wait for the answer.
std::unique_ptr<Inquiry> begin(Case& of, const Check& self) {
    const Sources& all = of.sources();
    of.facts().joined = all.arrival == store::Arrival::joins;
    if (all.arrival == store::Arrival::looks || !of.decided()) return std::make_unique<PastInquiry>(of, self);
    const IpAddress& client = of.party().client();
    all.state->tell(store::past_of(client, all.place_of(client), all.options.past, all.arrival));
    return nullptr;
}

}  // namespace

const Check past_check{.stage = Stage::connect,
                       .awaited = Stage::connect,
                       .scope = policy::SignalScope::session,
                       .source = policy::Source::store,
                       .wanted = wanted,
                       .begin = begin};

}  // namespace sluice::judge
