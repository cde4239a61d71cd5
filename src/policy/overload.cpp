#include "policy/overload.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::policy {

namespace {

constexpr std::array<std::string_view, 4> names{"none", "high", "higher", "highest"};

/// The level of pressure for `value` between `begin` and `full`.
Pressure between(double value, double begin, double full) {
    if (begin <= 0 || value < begin) return Pressure::none;
    const double way = full > begin ? (value - begin) / (full - begin) : 1;
    if (way < 1.0 / 3) return Pressure::high;
    return way < 2.0 / 3 ? Pressure::higher : Pressure::highest;
}

double of_percent(unsigned percent) {
    return percent / 100.0;
}

}  // namespace

void MtaLatency::took(Millis time, Instant now) {
    constexpr int smoothing = 16;
    // Whole, the first answer after a pause would turn clients away for being one slow answer.
    if (now - last_ > fresh_max) smoothed_ = {};
    smoothed_ += (time - smoothed_) / smoothing;
    last_ = now;
}

std::string_view name_of(Pressure pressure) {
    return names[std::to_underlying(pressure)];
}

Pressure pressure_of(const Load& load, const OverloadOptions& options) {
    const double processor = of_percent(options.load_per_core_percent);
    const auto latency = static_cast<double>(options.mta_latency.count());
    return std::max({between(load.sessions, of_percent(options.sessions_percent), 1),
                     between(load.memory, of_percent(options.memory_percent), 1),
                     between(load.processor, processor, 2 * processor),
                     between(static_cast<double>(load.mta.count()), latency, 2 * latency)});
}

bool let_in(Visitor visitor, Pressure pressure, std::uint32_t draw) {
    constexpr std::uint32_t of_ten = 10;
    switch (visitor) {
        case Visitor::known_good: return true;
        case Visitor::unknown:
            return pressure < Pressure::higher || (pressure == Pressure::higher && draw % of_ten == 0);
        case Visitor::suspect: return pressure == Pressure::none;
    }
    return true;
}

}  // namespace sluice::policy
