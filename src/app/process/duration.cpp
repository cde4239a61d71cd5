#include "app/process/duration.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>

#include "base/decimal.hpp"

namespace sluice::app {

namespace {

struct Unit {
    char name;
    std::int64_t seconds;
};
constexpr std::array<Unit, 4> units{{{'d', 86'400}, {'h', 3600}, {'m', 60}, {'s', 1}}};

}  // namespace

std::optional<Seconds> parse_duration(std::string_view text) {
    if (text.empty()) return std::nullopt;
    const auto unit = std::ranges::find(units, text.back(), &Unit::name);
    const auto count = parse_decimal<std::uint32_t>(text.substr(0, text.size() - 1));
    if (unit == units.end() || !count || *count == 0) return std::nullopt;
    const Seconds duration{std::int64_t{*count} * unit->seconds};
    return duration <= duration_max ? std::optional(duration) : std::nullopt;
}

std::string duration_text(Seconds duration) {
    std::int64_t left = std::max<std::int64_t>(duration.count(), 0);
    for (std::size_t i = 0; i + 1 < units.size(); ++i) {
        if (left < units[i].seconds) continue;
        const std::int64_t smaller = left % units[i].seconds / units[i + 1].seconds;
        const std::string text = fmt::format("{}{}", left / units[i].seconds, units[i].name);
        return smaller == 0 ? text : fmt::format("{} {}{}", text, smaller, units[i + 1].name);
    }
    return fmt::format("{}s", left);
}

}  // namespace sluice::app
