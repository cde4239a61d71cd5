#include "policy/verdict.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace sluice::policy {
namespace {

constexpr std::array<std::pair<Lane, std::string_view>, 4> lane_names{{
    {Lane::fast, "fast"},
    {Lane::slow, "slow"},
    {Lane::defer, "defer"},
    {Lane::reject, "reject"},
}};

bool reached(int score, int threshold) {
    return threshold > 0 && score >= threshold;
}

}  // namespace

std::string_view name_of(Lane lane) {
    const auto found = std::ranges::find(lane_names, lane, &decltype(lane_names)::value_type::first);
    return found->second;
}

std::optional<Lane> lane_named(std::string_view name) {
    const auto found = std::ranges::find(lane_names, name, &decltype(lane_names)::value_type::second);
    if (found == lane_names.end()) return std::nullopt;
    return found->first;
}

Verdict judge(std::optional<Lane> network_lane, std::span<const Signal> signals, const Thresholds& thresholds,
              Lane default_lane) {
    std::int64_t sum = 0;
    for (const Signal& signal : signals)
        sum += signal.weight;
    const int score = static_cast<int>(
        std::clamp<std::int64_t>(sum, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
    if (network_lane) return {*network_lane, score};
    if (reached(score, thresholds.reject)) return {Lane::reject, score};
    if (reached(score, thresholds.defer)) return {Lane::defer, score};
    if (reached(score, thresholds.slow)) return {Lane::slow, score};
    if (thresholds.fast > 0 && score <= -thresholds.fast) return {Lane::fast, score};
    return {default_lane, score};
}

}  // namespace sluice::policy
