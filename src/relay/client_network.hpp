// One client, where connections or answers are shared out, is an IPv4 /24 or an IPv6 /64.
//
// One customer of a hoster or of an access provider has an IPv6 /64 at least, and whoever sends much from
// IPv4 has neighbouring addresses. A whole network behind a NAT is one client, too.
#pragma once

#include "base/ip.hpp"

namespace sluice::relay {

inline constexpr unsigned network_bits_v4 = 24;
inline constexpr unsigned network_bits_v6 = 64;

inline IpAddress network_of(const IpAddress& address) {
    return address.masked(address.is_v4() ? network_bits_v4 : network_bits_v6);
}

}  // namespace sluice::relay
