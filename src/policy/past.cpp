#include "policy/past.hpp"

#include <fmt/format.h>
#include <utility>

namespace sluice::policy {

namespace {

constexpr std::array<std::string_view, rates> rate_names{"connections",  "messages", "recipients",
                                                         "tls_sessions", "auth",     "unknown_recipients"};
constexpr std::array<std::string_view, scopes> scope_names{"client", "network", "all"};

void note_block(const Past& past, const PastOptions& options, std::vector<Signal>& signals) {
    if (!past.blocked()) return;
    const Seconds left = duration_of(*past.block) - past.block_age;
    signals.push_back({.name = "blocklist",
                       .what = {},
                       .value = fmt::format("{}, {} s left", past.block->why, left.count()),
                       .weight = options.blocklist_weight});
}

void note_reputation(const Past& past, const PastOptions& options, std::vector<Signal>& signals) {
    const Standing standing = standing_of(past.client, past.network);
    const int weight = weight_of(standing, options.reputation_weight_max);
    if (weight == 0) return;
    signals.push_back({.name = "reputation",
                       .what = {},
                       .value = fmt::format("bad {:.0f} % ({:.0f} to {:.0f})", 100 * standing.mean,
                                            100 * standing.low, 100 * standing.high),
                       .weight = weight});
}

void note_rates(const Past& past, const PastOptions& options, std::vector<Signal>& signals) {
    const auto over = [](std::uint32_t count, std::uint32_t limit) { return limit > 0 && count > limit; };
    for (std::size_t scope = 0; scope < scopes; ++scope) {
        const RateLimits& limits = options.limits[scope];
        if (over(past.at_once[scope], limits.at_once))
            signals.push_back({.name = "concurrency",
                               .what = scope_names[scope],
                               .value = std::to_string(past.at_once[scope]),
                               .weight = options.rate_weight});
        for (std::size_t rate = 0; rate < rates; ++rate) {
            if (!over(past.in_window[scope][rate], limits.in_window[rate])) continue;
            signals.push_back({.name = "rate",
                               .what = scope_names[scope],
                               .value = fmt::format("{} {}", past.in_window[scope][rate], rate_names[rate]),
                               .weight = options.rate_weight});
        }
    }
}

}  // namespace

std::string_view name_of(Rate rate) {
    return rate_names[std::to_underlying(rate)];
}

std::string_view name_of(Scope scope) {
    return scope_names[std::to_underlying(scope)];
}

std::vector<Signal> signals_of(const Past& past, const PastOptions& options) {
    std::vector<Signal> signals;
    note_block(past, options, signals);
    note_reputation(past, options, signals);
    note_rates(past, options, signals);
    return signals;
}

}  // namespace sluice::policy
