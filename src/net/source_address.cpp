#include "net/source_address.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "net/fd.hpp"

namespace sluice::net {

namespace {

template <class Address>
bool connect_udp(const Fd& fd, const Address& address) {
    return fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

std::optional<IpAddress> source_towards(const Endpoint& server) {
    const bool v4 = server.address.is_v4();
    const Fd fd{::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    const auto& octets = server.address.octets();
    bool connected = false;
    if (v4) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(server.port);
        std::copy_n(octets.begin(), 4, reinterpret_cast<std::uint8_t*>(&address.sin_addr));
        connected = connect_udp(fd, address);
    } else {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(server.port);
        std::ranges::copy(octets, address.sin6_addr.s6_addr);
        connected = connect_udp(fd, address);
    }
    return connected ? std::optional(local_endpoint(fd.get()).address) : std::nullopt;
}

}  // namespace sluice::net
