#include "net/dns_record.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace sluice::net {

namespace {

/// A name from its wire form (RFC 1035 3.1), without the final dot; libunbound has uncompressed it.
std::optional<std::string> name_from_wire(std::span<const unsigned char> wire) {
    std::string name;
    while (!wire.empty() && wire[0] != 0) {
        const std::size_t length = wire[0];
        if (length > 63 || wire.size() < length + 2) return std::nullopt;
        if (!name.empty()) name += '.';
        name.append(reinterpret_cast<const char*>(wire.data() + 1), length);
        wire = wire.subspan(length + 1);
    }
    if (wire.size() != 1) return std::nullopt;
    return name;
}

/// The character-strings of one TXT record, put together (RFC 7208 3.3 and others read them so).
std::optional<std::string> text_from_wire(std::span<const unsigned char> wire) {
    std::string text;
    while (!wire.empty()) {
        const std::size_t length = wire[0];
        if (wire.size() < length + 1) return std::nullopt;
        text.append(reinterpret_cast<const char*>(wire.data() + 1), length);
        wire = wire.subspan(length + 1);
    }
    return text;
}

}  // namespace

bool add_record(DnsAnswer& answer, DnsType type, std::span<const unsigned char> wire) {
    if (type == DnsType::a && wire.size() == 4) {
        std::array<std::uint8_t, 4> octets;
        std::memcpy(octets.data(), wire.data(), octets.size());
        answer.addresses.push_back(IpAddress::v4(octets));
        return true;
    }
    if (type == DnsType::aaaa && wire.size() == 16) {
        std::array<std::uint8_t, 16> octets;
        std::memcpy(octets.data(), wire.data(), octets.size());
        answer.addresses.push_back(IpAddress::v6(octets));
        return true;
    }
    if (type == DnsType::tlsa) {
        answer.records.emplace_back(reinterpret_cast<const char*>(wire.data()), wire.size());
        return true;
    }
    constexpr std::size_t preference_octets = 2;
    std::optional<std::string> text;
    if (type == DnsType::mx && wire.size() > preference_octets)
        text = name_from_wire(wire.subspan(preference_octets));
    if (type == DnsType::ptr) text = name_from_wire(wire);
    if (type == DnsType::txt) text = text_from_wire(wire);
    if (text) answer.texts.push_back(std::move(*text));
    return text.has_value();
}

}  // namespace sluice::net
