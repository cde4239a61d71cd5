#include "store/redis/redis_resolver.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <utility>

#include "base/ip.hpp"

namespace sluice::store {

namespace {

std::optional<IpAddress> address_of(const sockaddr* given) {
    if (given->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, given, sizeof v4);
        std::array<std::uint8_t, 4> octets{};
        std::memcpy(octets.data(), &v4.sin_addr, octets.size());
        return IpAddress::v4(octets);
    }
    if (given->sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, given, sizeof v6);
        std::array<std::uint8_t, 16> octets{};
        std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
        return IpAddress::v6(octets);
    }
    return std::nullopt;
}

/// Looks up the host; blocks.
RedisResolver::Addresses look_up(const RedisHost& host) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* first = nullptr;
    const int error = ::getaddrinfo(host.name.c_str(), nullptr, &wanted, &first);
    if (error != 0) return std::unexpected(host.name + ": " + ::gai_strerror(error));
    std::vector<net::ServerAddress> addresses;
    for (const addrinfo* each = first; each != nullptr; each = each->ai_next)
        if (const auto address = address_of(each->ai_addr))
            addresses.push_back({.tcp = {.address = *address, .port = host.port}});
    ::freeaddrinfo(first);
    if (addresses.empty()) return std::unexpected(host.name + " has no address");
    return addresses;
}

}  // namespace

bool is_redis_name(const RedisHost& host) {
    return host.path.empty() && !IpAddress::parse(host.name);
}

RedisResolver::RedisResolver(net::Loop& loop, bool names) : loop_(loop) {
    if (names) thread_ = std::make_unique<net::Offload>(loop_);
}

void RedisResolver::find(const RedisHost& host, Found found) {
    if (!host.path.empty()) return found(std::vector{net::ServerAddress{.tcp = {}, .path = host.path}});
    if (const auto address = IpAddress::parse(host.name))
        return found(std::vector{net::ServerAddress{.tcp = {.address = *address, .port = host.port}}});
    if (!thread_) thread_ = std::make_unique<net::Offload>(loop_);
    struct Search {
        RedisHost host;
        Addresses addresses;
        Found found;
    };
    auto search = std::make_shared<Search>(host, Addresses{}, std::move(found));
    const bool begun = thread_->submit([search] { search->addresses = look_up(search->host); },
                                       [search] { search->found(std::move(search->addresses)); });
    if (!begun) search->found(std::unexpected("too many names are being looked up"));
}

}  // namespace sluice::store
