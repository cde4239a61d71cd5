#include "policy/reputation.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::policy {

namespace {

/// The share of an observation that one in a circle around an address is worth, and the most that the circle
/// counts.
struct Circle {
    double share = 0;
    double observations_max = 0;
};
constexpr Circle network_circle{.share = 0.25, .observations_max = 4};
constexpr Circle asn_circle{.share = 0.05, .observations_max = 3};
constexpr Circle country_circle{.share = 0.01, .observations_max = 1};
constexpr double around_max = 4;  // of all circles together: alone they slow nobody

/// The number of standard deviations that leaves a tenth on either side.
constexpr double tenth = 1.28;

constexpr double accepted_good = 1;
constexpr double unknown_recipient_bad = 0.5;  // people mistype
constexpr double refused_bad = 1;
constexpr double trap_bad = 4;
constexpr double spam_bad = 3;
constexpr double virus_bad = 5;
constexpr double left_early_bad = 1;

/// The evidence of a circle without that of a narrower one, which counts by itself. (If the registers have
/// changed meanwhile, the narrower one may have more.)
Evidence without(const Evidence& circle, const Evidence& nearer) {
    return {.good = std::max(circle.good - nearer.good, 0.0), .bad = std::max(circle.bad - nearer.bad, 0.0)};
}

Evidence larger(const Evidence& one, const Evidence& other) {
    return {.good = std::max(one.good, other.good), .bad = std::max(one.bad, other.bad)};
}

}  // namespace

Evidences counted(const Evidences& evidences) {
    double left = around_max;
    const auto of_circle = [&left](const Evidence& seen, const Circle& circle) -> Evidence {
        const double total = seen.sum();
        if (total <= 0) return {};
        const double observations = std::min({circle.share * total, circle.observations_max, left});
        left -= observations;
        return {.good = observations * seen.good / total, .bad = observations * seen.bad / total};
    };
    Evidences counts{.client = evidences.client};
    counts.network = of_circle(evidences.network, network_circle);
    counts.asn = of_circle(without(evidences.asn, evidences.network), asn_circle);
    const Evidence nearer = larger(evidences.asn, evidences.network);
    counts.country = of_circle(without(evidences.country, nearer), country_circle);
    return counts;
}

Standing standing_of(const Evidences& evidences) {
    const Evidences counts = counted(evidences);
    const double good = 1 + counts.client.good + counts.network.good + counts.asn.good + counts.country.good;
    const double bad = 1 + counts.client.bad + counts.network.bad + counts.asn.bad + counts.country.bad;
    const double sum = good + bad;
    const double mean = bad / sum;
    const double deviation = std::sqrt(good * bad / (sum * sum * (sum + 1)));
    return {.low = std::max(mean - tenth * deviation, 0.0),
            .mean = mean,
            .high = std::min(mean + tenth * deviation, 1.0)};
}

int weight_of(const Standing& standing, int weight_max) {
    constexpr double half = 0.5;
    double sure = 0;
    if (standing.low > half) sure = (standing.low - half) / half;
    if (standing.high < half) sure = (standing.high - half) / half;
    return static_cast<int>(std::lround(sure * weight_max));
}

Evidence evidence_of(const Conduct& conduct) {
    const double bad = unknown_recipient_bad * conduct.unknown_recipients + refused_bad * conduct.refused +
                       trap_bad * conduct.traps + spam_bad * conduct.spam + virus_bad * conduct.viruses +
                       (conduct.left_early ? left_early_bad : 0);
    return {.good = std::min(accepted_good * conduct.accepted, good_of_a_session_max),
            .bad = std::min(bad, bad_of_a_session_max)};
}

}  // namespace sluice::policy
