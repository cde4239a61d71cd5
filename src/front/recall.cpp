#include "front/recall.hpp"

#include <utility>

#include "store/greylist_operations.hpp"
#include "store/past_operations.hpp"
#include "store/untold_operations.hpp"

namespace sluice::front {

Recall::Recall(store::State& state, const policy::PastOptions& options, const IpAddress& client,
               const policy::Place& place, Done done)
    : options_(options), place_(place), done_(std::move(done)) {
    store::Operations asked = store::past_of(client, place, options, store::Arrival::joins);
    asked.push_back(store::untold_of_network(client));  // behind the outcomes that read_past() reads
    asked_ = asked.size();
    state.ask(*this, asked);
}

void Recall::answered(const store::Outcomes* outcomes) {
    auto done = std::move(done_);
    if (outcomes == nullptr) return done(nullptr, false);
    const bool untold = outcomes->size() == asked_ && outcomes->back().found;
    const policy::Past past = store::read_past(*outcomes, place_, options_);
    done(&past, untold);  // may destroy us
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

LetterRecall::LetterRecall(store::State& state, const IpAddress& client, std::string_view letter, Done done)
    : done_(std::move(done)) {
    state.ask(*this, store::untold_letter(client, letter));
}

void LetterRecall::answered(const store::Outcomes* outcomes) {
    auto done = std::move(done_);
    std::optional<UntoldDelivery> before;
    if (outcomes != nullptr)
        if (const auto text = store::read_untold(*outcomes, UntoldDeliveries::life))
            before = parse_untold_delivery(*text);
    done(before ? &*before : nullptr);  // may destroy us
}

}  // namespace sluice::front
