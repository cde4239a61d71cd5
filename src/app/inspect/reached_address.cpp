#include "app/inspect/reached_address.hpp"

#include <algorithm>

#include "policy/helo.hpp"

namespace sluice::app {

namespace {

bool stands_for_all(const IpAddress& address) {
    return address == address.masked(0);
}

}  // namespace

IpAddress reached_address(const IpAddress& client, std::string_view helo,
                          std::span<const net::Endpoint> listened, std::span<const IpAddress> own) {
    const auto is_ours = [&](const IpAddress& address) {
        return std::ranges::any_of(listened, [&](const net::Endpoint& at) {
            if (!stands_for_all(at.address)) return at.address == address;
            return at.address.is_v4() == address.is_v4() && std::ranges::find(own, address) != own.end();
        });
    };
    if (is_ours(client)) return client;
    const auto literal = policy::address_literal(helo);
    return literal && is_ours(*literal) ? *literal : IpAddress();
}

}  // namespace sluice::app
