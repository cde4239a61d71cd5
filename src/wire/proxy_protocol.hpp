// The PROXY protocol, versions 1 and 2 (HAProxy doc/proxy-protocol.txt): it names the client before the first
// octet of a connection.
//
// We write it (version 2) to an MTA that takes identities in this way, and read it from a load balancer in
// front of us. TLVs that are read are checked for their framing and skipped; none has a meaning here.
// Addresses of Unix sockets count as unknown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.hpp"

namespace sluice::wire {

struct ProxyAddresses {
    IpAddress source;
    IpAddress destination;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;

    bool operator==(const ProxyAddresses&) const = default;
};

/// TLS between the client and us, for the PP2_TYPE_SSL TLV (2.2.6). The members are views of names.
struct ProxyTls {
    std::string_view version;
    std::string_view cipher;
};

/// A version 2 header: PROXY, TCP. If one address is IPv4 and the other IPv6, both are written as IPv6, the
/// IPv4 one mapped (RFC 4291 2.5.5.2).
std::string proxy_v2_header(const ProxyAddresses& addresses,
                            const std::optional<ProxyTls>& tls = std::nullopt);

/// A version 2 header for a connection of our own: LOCAL, no addresses.
std::string proxy_v2_local_header();

/// The longest header accepted, TLVs included; a version 1 header has at most 107 octets (2.1).
constexpr std::size_t proxy_header_octets_max = 4096;

struct ProxyDecoded {
    enum class Status : std::uint8_t {
        more,       // a prefix of a header: call again with more
        done,       // `octets` of the input were the header
        malformed,  // not a header, or one that breaks a bound: the connection must be closed (2)
    };
    /// The reason for `malformed`, for the person who configures the balancer.
    enum class Fault : std::uint8_t {
        none,
        missing,         // the first octets begin no header of either version
        mixed_families,  // a version 1 header with an IPv4 address where it promises IPv6, or vice versa
        broken,          // it begins as a header, and does not continue as one
    };
    Status status = Status::more;
    std::size_t octets = 0;
    /// The addresses. Empty for LOCAL, UNKNOWN, UNSPEC and Unix sockets, which name no client.
    std::optional<ProxyAddresses> addresses;
    /// Whether the header is LOCAL: the balancer speaks for itself (2.2).
    bool local = false;
    Fault fault = Fault::none;

    bool operator==(const ProxyDecoded&) const = default;
};

/// Parses a header of either version at the front of `received`, which must hold everything received so far.
/// The result is never `more` once proxy_header_octets_max octets are there.
ProxyDecoded decode_proxy_header(std::string_view received);

}  // namespace sluice::wire
