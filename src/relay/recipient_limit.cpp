#include "relay/recipient_limit.hpp"

#include <algorithm>
#include <cstdint>

namespace sluice::relay {

namespace {

/// All hosts of this network are taken for one client: a site's machines, or one customer's addresses.
Network network_of(const IpAddress& client) {
    return {client, client.is_v4() ? 24U : 64U};
}

}  // namespace

bool RecipientLimit::learn(const IpAddress& client, std::size_t taken, Instant now) {
    if (taken == 0) return false;
    const Known found{.limit = taken, .until = now + life};
    std::erase_if(networks_, [&](const Network& each) { return !each.known.holds(now); });
    const sluice::Network network = network_of(client);
    const bool met_elsewhere = std::ranges::any_of(
        networks_, [&](const Network& each) { return each.known.limit == taken && each.network != network; });
    if (taken >= required || met_elsewhere) all_ = found;

    const auto own = std::ranges::find(networks_, network, &Network::network);
    if (own != networks_.end()) {
        own->known = found;
    } else if (networks_.size() < networks_max) {
        networks_.push_back({network, found});
    } else {
        *std::ranges::min_element(networks_, {}, [](const Network& each) { return each.known.until; }) = {
            network, found};
    }
    const bool news = !told_.holds(now) || told_.limit != taken;
    if (news) told_ = found;
    return news;
}

std::size_t RecipientLimit::of(const IpAddress& client, Instant now) const {
    std::size_t limit = all_.holds(now) ? all_.limit : SIZE_MAX;
    if (networks_.empty()) return limit;
    const auto own = std::ranges::find(networks_, network_of(client), &Network::network);
    if (own != networks_.end() && own->known.holds(now)) limit = std::min(limit, own->known.limit);
    return limit;
}

}  // namespace sluice::relay
