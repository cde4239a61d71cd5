#include "policy/verdict.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
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

/// "; listed by zen.example.org"
std::string listed_by(std::span<const Signal> signals) {
    std::string text;
    for (const Signal& signal : signals) {
        if (signal.name != "dnsbl" || !signal.counted) continue;
        text += text.empty() ? "; listed by " : ", ";
        text += signal.what;
    }
    return text;
}

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

smtp::Reply refusal(Lane lane, const IpAddress& client, std::span<const Signal> signals) {
    const bool reject = lane == Lane::reject;
    return {reject ? 550 : 450,
            fmt::format("{}.7.1 Client host [{}] {}{}", reject ? 5 : 4, client.to_string(),
                        reject ? "refused" : "deferred, try again later", listed_by(signals))};
}

Verdict judge(std::optional<Lane> network_lane, std::span<const Signal> signals, const Thresholds& thresholds,
              Lane default_lane) {
    std::int64_t sum = 0;
    for (const Signal& signal : signals)
        sum += signal.counted ? signal.weight : 0;
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
