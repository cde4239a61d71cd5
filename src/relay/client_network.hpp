// One client, for sharing out connections and answers, is an IPv4 /24 or an IPv6 /64.
//
// A customer of a hoster or of an access provider has at least an IPv6 /64, and a bulk sender on IPv4 has
// neighbouring addresses. A whole network behind a NAT also counts as one client.
#pragma once

#include "base/ip.hpp"

namespace sluice::relay {

inline constexpr unsigned network_bits_v4 = 24;
inline constexpr unsigned network_bits_v6 = 64;

inline IpAddress network_of(const IpAddress& address) {
    return address.masked(address.is_v4() ? network_bits_v4 : network_bits_v6);
}

}  // namespace sluice::relay
