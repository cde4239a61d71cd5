#include "policy/reputation.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::policy {

namespace {

/// What a network's evidence counts beside that of the address itself.
constexpr double network_share = 0.25;
constexpr double network_observations_max = 4;

/// Standard deviations that leave a tenth on either side.
constexpr double tenth = 1.28;

constexpr double accepted_good = 1;
constexpr double unknown_recipient_bad = 0.5;  // people mistype
constexpr double refused_bad = 1;
constexpr double trap_bad = 4;
constexpr double spam_bad = 3;
constexpr double virus_bad = 5;
constexpr double left_early_bad = 1;
constexpr double bot_bad = 4;

}  // namespace

Standing standing_of(const Evidence& client, const Evidence& network) {
    const double total = network.sum();
    const double observations = std::min(network_share * total, network_observations_max);
    const double of_network = total > 0 ? observations / total : 0;
    const double good = 1 + client.good + of_network * network.good;
    const double bad = 1 + client.bad + of_network * network.bad;
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
                       (conduct.left_early ? left_early_bad : 0) + (conduct.bot ? bot_bad : 0);
    return {.good = std::min(accepted_good * conduct.accepted, good_of_a_session_max),
            .bad = std::min(bad, bad_of_a_session_max)};
}

}  // namespace sluice::policy
