#include "smtp/xclient_attributes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/ascii.hpp"
#include "base/decimal.hpp"
#include "base/xtext.hpp"

namespace sluice::smtp {

namespace {

/// The address of an ADDR attribute; IPv6 needs its prefix, as Postfix has it.
std::optional<IpAddress> parse_address(std::string_view value) {
    constexpr std::string_view v6_prefix = "IPV6:";
    const bool v6 = ascii::starts_with(value, v6_prefix);
    if (v6) value.remove_prefix(v6_prefix.size());
    if (v6 != value.contains(':')) return std::nullopt;
    return IpAddress::parse(value);
}

bool apply_one(std::string_view name, const std::string& value, ClientIdentity& identity) {
    const bool unknown = ascii::equal(value, "[UNAVAILABLE]") || ascii::equal(value, "[TEMPUNAVAIL]");
    if (ascii::equal(name, "NAME")) {
        identity.name = unknown ? std::string() : value;
        return true;
    }
    if (ascii::equal(name, "HELO")) {
        identity.helo = unknown ? std::string() : value;
        return true;
    }
    if (ascii::equal(name, "ADDR")) {
        const auto address = unknown ? IpAddress() : parse_address(value);
        if (address) identity.address = *address;
        return address.has_value();
    }
    if (ascii::equal(name, "PORT")) {
        const auto port = unknown ? 0 : parse_decimal<std::uint16_t>(value);
        if (port) identity.port = *port;
        return port.has_value();
    }
    if (ascii::equal(name, "PROTO")) {
        identity.esmtp = ascii::equal(value, "ESMTP");
        return identity.esmtp || ascii::equal(value, "SMTP");
    }
    return false;
}

}  // namespace

bool apply_xclient(std::string_view attributes, ClientIdentity& identity) {
    ClientIdentity changed = identity;
    attributes = ascii::skip_spaces(attributes);
    if (attributes.empty()) return false;
    while (!attributes.empty()) {
        const std::string_view attribute = attributes.substr(0, attributes.find(' '));
        attributes = ascii::skip_spaces(attributes.substr(attribute.size()));
        const std::size_t equals = attribute.find('=');
        if (equals == std::string_view::npos) return false;
        const auto value = xtext_decode(attribute.substr(equals + 1));
        if (!value || value->empty()) return false;
        // xtext can carry any octet, and a name or HELO ends up in a Received header: no line may be hidden
        // in it.
        if (std::ranges::any_of(*value, ascii::is_control)) return false;
        if (!apply_one(attribute.substr(0, equals), *value, changed)) return false;
    }
    identity = changed;
    return true;
}

}  // namespace sluice::smtp
