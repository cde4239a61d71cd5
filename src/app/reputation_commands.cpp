// `sluice reputation`: what is believed of a client or its network, and on what evidence.
#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <functional>
#include <vector>

#include "app/duration.hpp"
#include "app/exit_codes.hpp"
#include "app/remembered.hpp"
#include "app/store_commands.hpp"
#include "app/store_session.hpp"
#include "policy/past.hpp"
#include "store/keys.hpp"
#include "store/past_operations.hpp"

namespace sluice::app {

namespace {

/// Of an address or of a network.
struct Known {
    std::string what;
    policy::Evidence evidence;
    policy::Standing standing;
    Seconds age{0};
};

policy::Evidence evidence_in(const store::Outcome& outcome) {
    return {.good = outcome.good, .bad = outcome.bad};
}

Known known_from(const store::Outcome& outcome) {
    Known known{.what = outcome.key.substr(store::reputation_space.size()),
                .evidence = evidence_in(outcome),
                .standing = {},
                .age = outcome.age};
    const bool is_network = known.what.find('/') != std::string::npos;
    known.standing =
        is_network ? policy::standing_of({}, known.evidence) : policy::standing_of(known.evidence, {});
    return known;
}

/// The first `count` of all that are taken.
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

std::string belief_text(const policy::Standing& standing) {
    return fmt::format("bad {:.0f} % ({:.0f} to {:.0f})", 100 * standing.mean, 100 * standing.low,
                       100 * standing.high);
}

void print_ranking(std::string_view title, const std::vector<Known>& ranked) {
    fmt::print("{}\n", title);
    for (const Known& known : ranked)
        fmt::print("  {:<24} {:<24} good {:<8.2f} bad {:<8.2f} since {}\n", known.what,
                   belief_text(known.standing), known.evidence.good, known.evidence.bad,
                   duration_text(known.age));
}

int show_extremes(StoreSession& session, std::size_t count) {
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
    return exit_ok;
}

void print_evidence(std::string_view whose, std::string_view what, const store::Outcome& outcome) {
    if (outcome.found)
        fmt::print("  {:<8} {}  good {:.2f}  bad {:.2f}  since {}\n", whose, what, outcome.good, outcome.bad,
                   duration_text(outcome.age));
    else
        fmt::print("  {:<8} {}  nothing is known\n", whose, what);
}

void print_block(const store::Outcome& outcome) {
    const auto block = outcome.found ? policy::parse_short_block(outcome.value) : std::nullopt;
    if (!block) return;
    const Seconds left = policy::duration_of(*block) - outcome.age;
    fmt::print("  {:<8} level {}, {}, {}\n", "block", block->level, block->why,
               left > Seconds{0} ? duration_text(left) + " left"
                                 : "over, remembered for " + duration_text(outcome.left));
}

void print_standing(const policy::Standing& standing, int weight_max) {
    fmt::print("  {:<8} {}\n  {:<8} {}\n", "belief", belief_text(standing), "weight",
               policy::weight_of(standing, weight_max));
}

/// The name under which the memory knows it, from its key.
std::string_view name_in(const std::string& key) {
    return std::string_view(key).substr(store::reputation_space.size());
}

int show_one(StoreSession& session, const Network& network, const std::string& key, int weight_max) {
    const std::string above = store::network_key(store::reputation_space, network.address());
    const bool is_client = key != above;
    store::Operations asked{{.verb = store::Verb::weigh, .key = key}};
    if (is_client) {
        asked.push_back({.verb = store::Verb::weigh, .key = above});
        asked.push_back(
            {.verb = store::Verb::get, .key = store::client_key(store::block_space, network.address())});
    }
    const store::Outcomes found = session.ask(asked);
    fmt::print("{}\n", network.to_string());
    if (is_client) print_evidence("client", name_in(key), found[0]);
    print_evidence("network", name_in(above), is_client ? found[1] : found[0]);
    print_standing(is_client ? policy::standing_of(evidence_in(found[0]), evidence_in(found[1]))
                             : policy::standing_of({}, evidence_in(found[0])),
                   weight_max);
    if (is_client) print_block(found[2]);
    return exit_ok;
}

/// Whether there is a reputation of such networks; prints why not.
std::optional<std::string> reputation_key(const Network& network) {
    auto key = key_of(store::reputation_space, network);
    if (!key)
        fmt::print(
            stderr,
            "sluice: {}: reputation is of an address (IPv6: /64) and of its network (/24; IPv6: /48)\n",
            network.to_string());
    return key;
}

}  // namespace

int show_reputation(const ReputationFlags& flags) {
    const auto config = memory_config(flags.run);
    if (!config) return exit_usage;
    if (flags.network.empty()) {
        StoreSession session(*config, "");
        return show_extremes(session, flags.count);
    }
    const Network network = Network::parse(flags.network).value();
    const auto key = reputation_key(network);
    if (!key) return exit_usage;
    StoreSession session(*config, "");
    return show_one(session, network, *key,
                    config->front.policy.signals.weight(policy::SignalId::reputation));
}

int reset_reputation(const ReputationFlags& flags) {
    const auto config = memory_config(flags.run);
    if (!config) return exit_usage;
    const Network network = Network::parse(flags.network).value();
    const auto key = reputation_key(network);
    if (!key) return exit_usage;
    StoreSession session(*config, fmt::format("reputation reset {}", network.to_string()));
    const bool found = session.ask({.verb = store::Verb::erase, .key = *key}).found;
    fmt::print("{}: {}\n", found ? "forgotten" : "nothing was known", name_in(*key));
    return exit_ok;
}

}  // namespace sluice::app
