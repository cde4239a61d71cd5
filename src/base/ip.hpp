// IP addresses and networks, IPv4 and IPv6 in one type.
//
// An IPv4-mapped IPv6 address (::ffff:a.b.c.d, RFC 4291 2.5.5.2) is turned into its IPv4 form when it is
// made, so that a client is one client whichever socket it came through. No DNS, no sockets: net/socket.hpp
// converts to sockaddr.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

/// An IPv4 or IPv6 address. A value: 17 octets, ordered, hashable. The default is 0.0.0.0.
class IpAddress {
  public:
    IpAddress() = default;

    /// Makes an address from four octets in network order.
    static IpAddress v4(std::array<std::uint8_t, 4> octets);
    /// Makes an address from sixteen octets in network order; an IPv4-mapped address becomes IPv4.
    static IpAddress v6(const std::array<std::uint8_t, 16>& octets);
    /// Parses a dotted quad or RFC 4291 text. No brackets, no scope, no port, no surrounding space.
    static std::optional<IpAddress> parse(std::string_view text);

    bool is_v4() const { return is_v4_; }
    bool is_loopback() const;
    /// 32 or 128.
    unsigned bits() const { return is_v4_ ? 32 : 128; }
    /// The octets in network order: the first 4 (IPv4) or all 16 are meaningful, the rest are zero.
    const std::array<std::uint8_t, 16>& octets() const { return octets_; }
    /// The address with all bits after the first `prefix` cleared; `prefix` above bits() is bits().
    IpAddress masked(unsigned prefix) const;
    /// The address under which a client is counted: one IPv6 customer has a /64 at least, with 2^64
    /// addresses.
    IpAddress counted_as() const { return is_v4_ ? *this : masked(64); }
    /// Dotted quad or RFC 5952 text.
    std::string to_string() const;

    auto operator<=>(const IpAddress&) const = default;

  private:
    std::array<std::uint8_t, 16> octets_{};
    bool is_v4_ = true;
};

/// A CIDR network. Invariant: the address has no bit set beyond the prefix.
class Network {
  public:
    /// `prefix` above the address's bits() is cut to it; host bits are cleared.
    Network(const IpAddress& address, unsigned prefix);
    /// Parses "192.0.2.0/24", "2001:db8::/32" or a bare address. Host bits beyond the prefix are an error
    /// (nullopt): they are nearly always a typing mistake, and a guess would refuse the wrong clients.
    static std::optional<Network> parse(std::string_view text);

    const IpAddress& address() const { return address_; }
    unsigned prefix() const { return prefix_; }
    bool contains(const IpAddress& address) const;
    std::string to_string() const;

    bool operator==(const Network&) const = default;

  private:
    IpAddress address_;
    unsigned prefix_;
};

}  // namespace sluice

template <>
struct std::hash<sluice::IpAddress> {
    std::size_t operator()(const sluice::IpAddress& address) const noexcept;
};
