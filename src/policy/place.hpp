// The ASN and the country of an address, and their names. app/generation/address_register.hpp finds them. No
// I/O.
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

/// The names "AS64500" and "DE" under which the memory keeps them; empty = not known. No address and no
/// network has such a name.
std::string asn_name(const Place& place);
std::string country_name(const Place& place);

/// Parses a country code: two letters, which registers write in capitals.
std::optional<CountryCode> country_code(std::string_view text);

/// Parses an operator's name for an ASN or a country, in upper or lower case.
std::optional<Place> parse_place(std::string_view name);

}  // namespace sluice::policy
