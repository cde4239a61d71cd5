// Whose network an address is in, and in which country, and what both are called. What knows it is
// app/generation/address_register.hpp. No I/O.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::policy {

using CountryCode = std::array<char, 2>;

struct Place {
    std::uint32_t asn = 0;  // 0 = not known: no network has that number (RFC 7607)
    CountryCode country{};  // "DE" (ISO 3166-1); zeros = not known

    bool knows_country() const { return country != CountryCode{}; }
    bool operator==(const Place&) const = default;
};

/// "AS64500", "DE"; empty = not known. They are the names under which the memory knows them: no address and
/// no network is written so.
std::string asn_name(const Place& place);
std::string country_name(const Place& place);

/// Two letters, in capitals as registers have them.
std::optional<CountryCode> country_code(std::string_view text);

/// What an operator calls one or the other, in whichever case.
std::optional<Place> parse_place(std::string_view name);

}  // namespace sluice::policy
