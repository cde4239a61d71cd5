#include "smtp/xclient_attributes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ascii.hpp"
#include "base/decimal.hpp"
#include "base/xtext.hpp"
#include "smtp/command_words.hpp"

namespace sluice::smtp {

namespace {

/// Parses the value of an ADDR attribute; IPv6 needs its prefix, as in Postfix.
std::optional<IpAddress> parse_address(std::string_view value) {
    constexpr std::string_view v6_prefix = "IPV6:";
    const bool v6 = ascii::starts_with(value, v6_prefix);
    if (v6) value.remove_prefix(v6_prefix.size());
    if (v6 != value.contains(':')) return std::nullopt;
    return IpAddress::parse(value);
}

enum Told : std::uint8_t { told_nothing = 0, told_helo = 1, told_protocol = 2 };

bool apply_name(std::string_view value, bool unknown, std::string& name, bool& absent) {
    name = unknown ? std::string_view() : value;
    absent = ascii::equal(value, "[UNAVAILABLE]");
    return true;
}

bool apply_address(std::string_view value, bool unknown, IpAddress& address) {
    const auto parsed = unknown ? IpAddress() : parse_address(value);
    if (parsed) address = *parsed;
    return parsed.has_value();
}

bool apply_port(std::string_view value, bool unknown, std::uint16_t& port) {
    const auto parsed = unknown ? 0 : parse_decimal<std::uint16_t>(value);
    if (parsed) port = *parsed;
    return parsed.has_value();
}

bool apply_one(std::string_view name, std::string_view value, ClientIdentity& identity, unsigned& told) {
    const bool unknown = ascii::equal(value, "[UNAVAILABLE]") || ascii::equal(value, "[TEMPUNAVAIL]");
    if (ascii::equal(name, "NAME")) return apply_name(value, unknown, identity.name, identity.name_absent);
    if (ascii::equal(name, "REVERSE_NAME"))
        return apply_name(value, unknown, identity.reverse_name, identity.reverse_name_absent);
    if (ascii::equal(name, "HELO")) {
        told |= told_helo;
        identity.helo = unknown ? std::string_view() : value;
        return true;
    }
    if (ascii::equal(name, "ADDR")) return apply_address(value, unknown, identity.address);
    if (ascii::equal(name, "PORT")) return apply_port(value, unknown, identity.port);
    if (ascii::equal(name, "DESTADDR")) return apply_address(value, unknown, identity.destination);
    if (ascii::equal(name, "DESTPORT")) return apply_port(value, unknown, identity.destination_port);
    if (ascii::equal(name, "PROTO")) {
        told |= told_protocol;
        identity.esmtp = ascii::equal(value, "ESMTP");
        return identity.esmtp || ascii::equal(value, "SMTP");
    }
    return false;
}

}  // namespace

bool apply_xclient(std::string_view attributes, ClientIdentity& identity) {
    constexpr std::size_t value_octets_max = 255;
    const std::vector<std::string_view> words = command_words(attributes);
    if (words.empty()) return false;
    unsigned told = told_nothing;
    for (const std::string_view word : words) {
        const std::size_t equals = word.find('=');
        if (equals == std::string_view::npos || equals + 1 == word.size()) return false;
        const std::string_view given = word.substr(equals + 1);
        if (given.size() > value_octets_max) return false;
        std::string value = xtext_decode_leniently(given).value_or(std::string(given));
        // A name or HELO ends up in a Received header, and must not contain a line end.
        std::ranges::replace_if(value, ascii::is_control, '?');
        if (!apply_one(word.substr(0, equals), value, identity, told)) return false;
    }
    if ((told & told_helo) == 0) identity.helo.clear();
    if ((told & told_protocol) == 0) identity.esmtp = false;
    return true;
}

}  // namespace sluice::smtp
