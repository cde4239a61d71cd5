#include "app/inspect/reputation_ranking.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "app/process/duration.hpp"
#include "base/shown_text.hpp"
#include "policy/place.hpp"
#include "store/keys.hpp"

namespace sluice::app {

namespace {

/// The evidence on an address, a network, an ASN or a country.
struct Known {
    std::string what;
    policy::Evidence evidence;
    policy::Standing standing;
    Seconds age{0};
};

/// The standing of a client of which only the evidence on `what` is known.
policy::Standing standing_alone(std::string_view what, const policy::Evidence& evidence) {
    if (what.find('/') != std::string_view::npos) return policy::standing_of({.network = evidence});
    const auto place = policy::parse_place(what);
    if (!place) return policy::standing_of({.client = evidence});
    return policy::standing_of(place->asn != 0 ? policy::Evidences{.asn = evidence}
                                               : policy::Evidences{.country = evidence});
}

Known known_from(const store::Outcome& outcome) {
    Known known{.what = outcome.key.substr(store::reputation_space.size()),
                .evidence = evidence_in(outcome),
                .standing = {},
                .age = outcome.age};
    known.standing = standing_alone(known.what, known.evidence);
    return known;
}

/// Keeps the first `count` of all that are taken.
class Ranking {
  public:
    using Before = std::function<bool(const Known&, const Known&)>;
    Ranking(std::size_t count, Before before) : count_(count), before_(std::move(before)) {}

    void take(const Known& known) {
        ranked_.insert(std::ranges::upper_bound(ranked_, known, before_), known);
        if (ranked_.size() > count_) ranked_.pop_back();
    }
    const std::vector<Known>& ranked() const { return ranked_; }

  private:
    std::size_t count_;
    Before before_;
    std::vector<Known> ranked_;
};

void print_ranking(std::string_view title, const std::vector<Known>& ranked) {
    fmt::print("{}\n", title);
    for (const Known& known : ranked)
        fmt::print("  {:<24} {:<24} good {:<8.2f} bad {:<8.2f} since {}\n", shown(known.what),
                   belief_text(known.standing), known.evidence.good, known.evidence.bad,
                   duration_text(known.age));
}

}  // namespace

policy::Evidence evidence_in(const store::Outcome& outcome) {
    return {.good = outcome.good, .bad = outcome.bad};
}

std::string belief_text(const policy::Standing& standing) {
    return fmt::format("bad {:.0f} % ({:.0f} to {:.0f})", 100 * standing.mean, 100 * standing.low,
                       100 * standing.high);
}

void show_extremes(StoreSession& session, std::size_t count) {
    Ranking worst(count, [](const Known& a, const Known& b) { return a.standing.low > b.standing.low; });
    Ranking best(count, [](const Known& a, const Known& b) { return a.standing.high < b.standing.high; });
    constexpr double half = 0.5;
    session.list(store::reputation_space, [&](const store::Outcome& outcome) {
        const Known known = known_from(outcome);
        if (known.standing.mean > half) worst.take(known);
        if (known.standing.mean < half) best.take(known);
        return true;
    });
    print_ranking("worst", worst.ranked());
    print_ranking("best", best.ranked());
}

}  // namespace sluice::app
