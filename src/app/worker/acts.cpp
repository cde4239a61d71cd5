#include "app/worker/acts.hpp"

#include <algorithm>

#include "store/keys.hpp"

namespace sluice::app {

namespace {

/// The pause after an unanswered question. The store also reports itself when it is back.
constexpr Millis read_again_after{1000};
constexpr Millis first_read_again_after{50};

}  // namespace

std::optional<std::pair<Network, policy::Act>> read_act(const store::Outcome& outcome) {
    if (!outcome.key.starts_with(store::act_space)) return std::nullopt;
    const auto network = Network::parse(std::string_view(outcome.key).substr(store::act_space.size()));
    auto act = policy::parse_act(outcome.value);
    if (!network || !act) return std::nullopt;
    return std::pair{*network, *std::move(act)};
}

void Acts::read() {
    if (!std::exchange(began_, true) && ready_) loop_.arm(impatience_, first_read_max);
    // A question is under way: its answer may be out of date already, so answered() reads anew.
    again_ = pending();
    if (again_) return;
    disarm();
    reading_ = {};
    first_end_.reset();
    after_ = store::act_space;
    ask_for_more();
}

void Acts::ask_for_more() {
    const store::Operation list{.verb = store::Verb::list,
                                .key = std::string(store::act_space),
                                .value = after_,
                                .amount = store::listed_max};
    state_.ask(*this, std::span(&list, 1));
}

void Acts::answered(const store::Outcomes* outcomes) {
    if (again_) return read();
    // No answer: the acts that were read last stay in force, and the reading starts again after a pause.
    if (outcomes == nullptr) return loop_.arm(*this, ready_ ? first_read_again_after : read_again_after);
    for (const store::Outcome& outcome : *outcomes)
        take(outcome);
    // A full list may be cut: the next one begins after its last key.
    const bool more = outcomes->size() >= static_cast<std::size_t>(store::listed_max);
    if (!more || reading_.size() >= acts_max) return finish();
    after_ = outcomes->back().key;
    ask_for_more();
}

void Acts::take(const store::Outcome& outcome) {
    auto read = read_act(outcome);
    if (!read) return;
    Timed timed{.act = std::move(read->second), .end = {}};
    if (outcome.left > Seconds{0}) {
        timed.end = loop_.now() + outcome.left;
        first_end_ = std::min(first_end_.value_or(*timed.end), *timed.end);
    }
    reading_.add(read->first, std::move(timed));
}

void Acts::finish() {
    // The table changes as a whole, so that a reading that fails half-way removes no block.
    acts_ = std::exchange(reading_, {});
    // At the first end everything is read anew; until then find() skips the acts that have ended.
    if (first_end_) loop_.timers().arm(*this, *first_end_);
    if (changed_) changed_();
    be_ready(true);
}

void Acts::be_ready(bool read) {
    if (ready_) std::exchange(ready_, nullptr)(read);
}

const policy::Act* Acts::find(const IpAddress& client) const {
    const Timed* const found = acts_.find(
        client, [now = loop_.now()](const Timed& timed) { return !timed.end || now < *timed.end; });
    return found == nullptr ? nullptr : &found->act;
}

}  // namespace sluice::app
