#include "net/own_addresses.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

namespace sluice::net {

std::vector<IpAddress> own_addresses() {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return {};
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(first, ::freeifaddrs);
    std::vector<IpAddress> addresses;
    for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr) continue;
        if (each->ifa_addr->sa_family == AF_INET) {
            sockaddr_in v4{};
            std::memcpy(&v4, each->ifa_addr, sizeof(v4));
            std::array<std::uint8_t, 4> octets{};
            std::memcpy(octets.data(), &v4.sin_addr, octets.size());
            addresses.push_back(IpAddress::v4(octets));
        } else if (each->ifa_addr->sa_family == AF_INET6) {
            sockaddr_in6 v6{};
            std::memcpy(&v6, each->ifa_addr, sizeof(v6));
            std::array<std::uint8_t, 16> octets{};
            std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
            addresses.push_back(IpAddress::v6(octets));
        }
    }
    return addresses;
}

}  // namespace sluice::net
