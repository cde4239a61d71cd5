#include "wire/proxy_protocol.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::wire {

namespace {

using Status = ProxyDecoded::Status;
using Fault = ProxyDecoded::Fault;

constexpr std::string_view v2_signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t v2_fixed_octets = 16;
constexpr std::string_view v1_signature = "PROXY ";
constexpr std::size_t v1_octets_max = 107;

constexpr ProxyDecoded faulty(Fault fault) {
    return {.status = Status::malformed, .addresses = std::nullopt, .fault = fault};
}
constexpr ProxyDecoded malformed = faulty(Fault::broken);

/// The result for a whole header of `octets` octets.
ProxyDecoded done(std::size_t octets, const std::optional<ProxyAddresses>& addresses) {
    return {.status = Status::done, .octets = octets, .addresses = addresses};
}

unsigned octet_at(std::string_view octets, std::size_t index) {
    return static_cast<std::uint8_t>(octets[index]);
}

std::uint16_t be16_at(std::string_view octets, std::size_t index) {
    return static_cast<std::uint16_t>(octet_at(octets, index) << 8U | octet_at(octets, index + 1));
}

void append_be16(std::string& out, std::uint16_t value) {
    out += static_cast<char>(value >> 8U);
    out += static_cast<char>(value & 0xffU);
}

void append_address(std::string& out, const IpAddress& address, bool as_v6) {
    if (as_v6 && address.is_v4()) out.append(10, '\0').append(2, '\xff');
    const std::size_t size = address.is_v4() ? 4 : 16;
    std::for_each_n(address.octets().begin(), size,
                    [&](std::uint8_t octet) { out += static_cast<char>(octet); });
}

std::string tlv(unsigned char type, std::string_view value) {
    std::string out(1, static_cast<char>(type));
    append_be16(out, static_cast<std::uint16_t>(value.size()));
    return out.append(value);
}

/// The TLV for a client that came over TLS and showed no certificate that was verified (2.2.6).
std::string ssl_tlv(const ProxyTls& tls) {
    constexpr unsigned char type_ssl = 0x20;
    constexpr unsigned char subtype_version = 0x21;
    constexpr unsigned char subtype_cipher = 0x23;
    constexpr std::string_view over_tls_unverified{"\x01\0\0\0\x01", 5};
    return tlv(type_ssl, std::string(over_tls_unverified) + tlv(subtype_version, tls.version) +
                             tlv(subtype_cipher, tls.cipher));
}

template <std::size_t Size>
std::array<std::uint8_t, Size> address_at(std::string_view octets, std::size_t index) {
    std::array<std::uint8_t, Size> address;
    std::ranges::transform(octets.substr(index, Size), address.begin(),
                           [](char c) { return static_cast<std::uint8_t>(c); });
    return address;
}

/// Whether `tlvs` is a sequence of whole type-length-values (2.2).
bool well_framed(std::string_view tlvs) {
    while (!tlvs.empty()) {
        if (tlvs.size() < 3) return false;
        const std::size_t size = 3U + be16_at(tlvs, 1);
        if (tlvs.size() < size) return false;
        tlvs.remove_prefix(size);
    }
    return true;
}

ProxyDecoded decode_v2(std::string_view received) {
    constexpr unsigned local = 0x20;
    constexpr unsigned proxy = 0x21;
    constexpr unsigned unspecified = 0x00;
    constexpr unsigned tcp_v4 = 0x11;
    constexpr unsigned tcp_v6 = 0x21;
    constexpr unsigned unix_stream = 0x31;

    if (received.size() < v2_fixed_octets) return {};
    const std::size_t total = v2_fixed_octets + be16_at(received, 14);
    if (total > proxy_header_octets_max) return malformed;
    const unsigned version_command = octet_at(received, 12);
    const unsigned family = octet_at(received, 13);
    if (version_command != local && version_command != proxy) return malformed;
    if (received.size() < total) return {};

    const std::string_view body = received.substr(v2_fixed_octets, total - v2_fixed_octets);
    // The contents of a LOCAL header are to be ignored (2.2), framing included.
    if (version_command == local)
        return {.status = Status::done, .octets = total, .addresses = std::nullopt, .local = true};
    if (family == unspecified || family == unix_stream) return done(total, std::nullopt);
    ProxyAddresses addresses;
    std::size_t address_octets = 0;
    if (family == tcp_v4) {
        address_octets = 12;
        if (body.size() < address_octets) return malformed;
        addresses.source = IpAddress::v4(address_at<4>(body, 0));
        addresses.destination = IpAddress::v4(address_at<4>(body, 4));
    } else if (family == tcp_v6) {
        address_octets = 36;
        if (body.size() < address_octets) return malformed;
        addresses.source = IpAddress::v6(address_at<16>(body, 0));
        addresses.destination = IpAddress::v6(address_at<16>(body, 16));
    } else {
        return malformed;
    }
    addresses.source_port = be16_at(body, address_octets - 4);
    addresses.destination_port = be16_at(body, address_octets - 2);
    if (!well_framed(body.substr(address_octets))) return malformed;
    return done(total, addresses);
}

/// Cuts off the next word, which one space must follow unless it is the last.
std::string_view next_word(std::string_view& line) {
    const std::size_t space = line.find(' ');
    const std::string_view word = line.substr(0, space);
    line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
    return word;
}

std::optional<std::uint16_t> port(std::string_view text) {
    std::uint16_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool leading_zero = text.size() > 1 && text.front() == '0';
    if (error != std::errc{} || end != text.data() + text.size() || leading_zero) return std::nullopt;
    return value;
}

ProxyDecoded decode_v1(std::string_view received) {
    const std::size_t end = received.substr(0, v1_octets_max).find("\r\n");
    if (end == std::string_view::npos) return received.size() < v1_octets_max ? ProxyDecoded{} : malformed;
    std::string_view line = received.substr(v1_signature.size(), end - v1_signature.size());
    const std::size_t octets = end + 2;

    const std::string_view protocol = next_word(line);
    // Anything behind UNKNOWN is to be ignored (2.1).
    if (protocol == "UNKNOWN") return done(octets, std::nullopt);
    if (protocol != "TCP4" && protocol != "TCP6") return malformed;
    const std::string_view source_text = next_word(line);
    const std::string_view destination_text = next_word(line);
    const bool v4 = protocol == "TCP4";
    const auto right_family = [v4](std::string_view text) {
        return v4 == (text.find(':') == std::string_view::npos);
    };
    const auto source = IpAddress::parse(source_text);
    const auto destination = IpAddress::parse(destination_text);
    const auto source_port = port(next_word(line));
    const auto destination_port = port(next_word(line));
    if (!source || !destination || !source_port || !destination_port || !line.empty()) return malformed;
    if (!right_family(source_text) || !right_family(destination_text)) return faulty(Fault::mixed_families);
    return done(octets, ProxyAddresses{.source = *source,
                                       .destination = *destination,
                                       .source_port = *source_port,
                                       .destination_port = *destination_port});
}

}  // namespace

std::string proxy_v2_header(const ProxyAddresses& addresses, const std::optional<ProxyTls>& tls) {
    constexpr char version_2_proxy = 0x21;
    const bool v6 = !addresses.source.is_v4() || !addresses.destination.is_v4();
    std::string out(v2_signature);
    out += version_2_proxy;
    out += static_cast<char>(v6 ? 0x21 : 0x11);
    const std::string tlv = tls ? ssl_tlv(*tls) : std::string();
    append_be16(out, static_cast<std::uint16_t>((v6 ? 36 : 12) + tlv.size()));
    append_address(out, addresses.source, v6);
    append_address(out, addresses.destination, v6);
    append_be16(out, addresses.source_port);
    append_be16(out, addresses.destination_port);
    return out += tlv;
}

std::string proxy_v2_local_header() {
    constexpr std::string_view local_unspecified{"\x20\0\0\0", 4};
    return std::string(v2_signature).append(local_unspecified);
}

ProxyDecoded decode_proxy_header(std::string_view received) {
    for (const auto& [signature, decode] :
         {std::pair{v2_signature, &decode_v2}, {v1_signature, &decode_v1}}) {
        const std::size_t common = std::min(received.size(), signature.size());
        if (received.substr(0, common) != signature.substr(0, common)) continue;
        if (common < signature.size()) return {};
        return decode(received);
    }
    return faulty(Fault::missing);
}

}  // namespace sluice::wire
