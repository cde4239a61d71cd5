#include "front/recall.hpp"

#include <utility>

#include "store/greylist_operations.hpp"
#include "store/past_operations.hpp"

namespace sluice::front {

Recall::Recall(store::State& state, const policy::PastOptions& options, const IpAddress& client,
               const policy::Place& place, Done done)
    : options_(options), place_(place), done_(std::move(done)) {
    state.ask(*this, store::past_of(client, place, options, store::Arrival::joins));
}

void Recall::answered(const store::Outcomes* outcomes) {
    auto done = std::move(done_);
    if (outcomes == nullptr) return done(nullptr);
    const policy::Past past = store::read_past(*outcomes, place_, options_);
    done(&past);  // may destroy us
}

GreylistRecall::GreylistRecall(store::State& state, const policy::GreylistOptions& options,
                               const policy::GreylistName& name, Done done)
    : done_(std::move(done)) {
    state.ask(*this, store::greylist_question(options, name));
}

void GreylistRecall::answered(const store::Outcomes* outcomes) {
    auto done = std::move(done_);
    if (outcomes == nullptr) return done(nullptr);
    const policy::GreylistFacts facts = store::read_greylist(*outcomes);
    done(&facts);  // may destroy us
}

}  // namespace sluice::front
