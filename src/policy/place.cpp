#include "policy/place.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/decimal.hpp"

namespace sluice::policy {

namespace {

constexpr std::string_view asn_mark = "AS";

}  // namespace

std::string asn_name(const Place& place) {
    return place.asn == 0 ? std::string() : std::string(asn_mark) + std::to_string(place.asn);
}

std::string country_name(const Place& place) {
    return place.knows_country() ? std::string(place.country.data(), place.country.size()) : std::string();
}

std::optional<CountryCode> country_code(std::string_view text) {
    CountryCode code{};
    if (text.size() != code.size() || !std::ranges::all_of(text, ascii::is_upper)) return std::nullopt;
    std::ranges::copy(text, code.begin());
    return code;
}

std::optional<Place> parse_place(std::string_view name) {
    std::string capitals(name);
    std::ranges::transform(capitals, capitals.begin(), ascii::to_upper);
    if (const auto country = country_code(capitals)) return Place{.country = *country};
    const std::string_view text = capitals;
    if (!text.starts_with(asn_mark)) return std::nullopt;
    const auto number = parse_decimal<std::uint32_t>(text.substr(asn_mark.size()));
    if (!number || *number == 0) return std::nullopt;
    return Place{.asn = *number};
}

}  // namespace sluice::policy
