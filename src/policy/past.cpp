#include "policy/past.hpp"

#include <fmt/format.h>
#include <utility>

namespace sluice::policy {

namespace {

constexpr std::array<std::string_view, rates> rate_names{"connections",  "messages", "recipients",
                                                         "tls_sessions", "auth",     "unknown_recipients"};
constexpr std::array<std::string_view, scopes> scope_names{"client", "network", "all"};

class Noting {
  public:
    Noting(const Past& past, const PastOptions& options, const SignalOptions& weights)
        : past_(past), options_(options), weights_(weights) {}

    std::vector<Signal> all() {
        block();
        reputation();
        for (std::size_t scope = 0; scope < scopes; ++scope)
            rates_of(scope);
        return std::move(signals_);
    }

  private:
    void note(SignalId id, std::string_view what, std::string value) {
        if (!weights_.on(id)) return;
        signals_.push_back(weights_.signal(id, std::move(value)));
        signals_.back().what = what;
    }

    void block() {
        const auto& block = past_.block;
        if (!block || !past_.blocked()) return;
        const Seconds left = duration_of(*block) - past_.block_age;
        note(SignalId::blocklist, "", fmt::format("{}, {} s left", block->why, left.count()));
    }

    void reputation() {
        const Standing standing = standing_of(past_.evidence);
        const int weight = weight_of(standing, weights_.weight(SignalId::reputation));
        if (weight == 0) return;
        note(SignalId::reputation, "",
             fmt::format("bad {:.0f} % ({:.0f} to {:.0f}), by {}", 100 * standing.mean, 100 * standing.low,
                         100 * standing.high, counted_text(past_.place, past_.evidence)));
        signals_.back().weight = weight;
    }

    void rates_of(std::size_t scope) {
        const auto over = [](std::uint32_t count, std::uint32_t limit) { return limit > 0 && count > limit; };
        const RateLimits& limits = options_.limits[scope];
        if (over(past_.at_once[scope], limits.at_once))
            note(SignalId::concurrency, scope_names[scope], std::to_string(past_.at_once[scope]));
        for (std::size_t rate = 0; rate < rates; ++rate)
            if (over(past_.in_window[scope][rate], limits.in_window[rate]))
                note(SignalId::rate, scope_names[scope],
                     fmt::format("{} {}", past_.in_window[scope][rate], rate_names[rate]));
    }

    const Past& past_;
    const PastOptions& options_;
    const SignalOptions& weights_;
    std::vector<Signal> signals_;
};

}  // namespace

std::string_view name_of(Rate rate) {
    return rate_names[std::to_underlying(rate)];
}

std::string_view name_of(Scope scope) {
    return scope_names[std::to_underlying(scope)];
}

std::string counted_text(const Place& place, const Evidences& evidence) {
    constexpr double little = 0.05;
    const Evidences counts = counted(evidence);
    const std::pair<std::string, double> all[] = {{"client", counts.client.sum()},
                                                  {"network", counts.network.sum()},
                                                  {asn_name(place), counts.asn.sum()},
                                                  {country_name(place), counts.country.sum()}};
    std::string text;
    for (const auto& [who, observations] : all)
        if (observations >= little)
            text += fmt::format("{}{} {:.1f}", text.empty() ? "" : ", ", who, observations);
    return text;
}

std::vector<Signal> signals_of(const Past& past, const PastOptions& options, const SignalOptions& weights) {
    return Noting(past, options, weights).all();
}

bool is_welcome(const Past& past) {
    constexpr double a_mail = 0.5;  // one message, recently
    const Evidence& client = past.evidence.client;
    return client.good >= a_mail && client.good > client.bad && !past.blocked();
}

}  // namespace sluice::policy
