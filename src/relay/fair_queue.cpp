#include "relay/fair_queue.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "net/secret_hash.hpp"
#include "relay/client_network.hpp"

namespace sluice::relay {

namespace {

/// The key is short enough to fit into the string object itself.
std::string key_of(const IpAddress& address) {
    const IpAddress network = network_of(address);
    const std::size_t octets = (network.is_v4() ? network_bits_v4 : network_bits_v6) / 8;
    std::string key(1, network.is_v4() ? '4' : '6');
    for (std::size_t i = 0; i < octets; ++i)
        key += static_cast<char>(network.octets()[i]);
    return key;
}

}  // namespace

std::size_t FairQueue::lane_of(const Job& job) {
    return job.fast_lane ? 0 : 1;
}

FairQueue::FairQueue(unsigned connections_max)
    : share_(share_of(connections_max)),
      lent_max_(std::max(share_, connections_max - kept_for_others(connections_max))),
      clients_(0, KeyedHash(net::random_hash_key())) {}

unsigned FairQueue::share_of(unsigned connections_max) {
    return std::max(1U, connections_max / 4);
}

ClientTurn& FairQueue::enter(Job& job) {
    if (job.owner_ == nullptr) {
        const auto at = clients_.try_emplace(key_of(job.client().address)).first;
        at->second.key = &at->first;
        job.owner_ = &at->second;
    }
    return *job.owner_;
}

JobQueue& FairQueue::own_queue(Job& job) {
    ClientTurn::Lane& lane = job.owner_->lanes[lane_of(job)];
    return job.delivery ? lane.deliveries : lane.checks;
}

void FairQueue::push_back(Job& job) {
    ClientTurn& client = enter(job);
    arrivals_[lane_of(job)].push_back(job);
    own_queue(job).push_back(job);
    settle(client);
}

void FairQueue::push_front(Job& job) {
    ClientTurn& client = enter(job);
    arrivals_[lane_of(job)].push_front(job);
    own_queue(job).push_front(job);
    settle(client);
}

void FairQueue::remove(Job& job) {
    ClientTurn& client = *job.owner_;
    arrivals_[lane_of(job)].remove(job);
    own_queue(job).remove(job);
    if (job.holding_) {
        --client.lanes[lane_of(job)].promised;
    } else {
        job.owner_ = nullptr;
    }
    settle(client);
}

void FairQueue::take_hold(Job& job) {
    if (std::exchange(job.holding_, true)) return;
    ClientTurn& client = *job.owner_;
    ++client.held;
    ++client.lanes[lane_of(job)].promised;
    leave_ring(client, lane_of(job));
    settle(client);
}

void FairQueue::let_go(Job& job) {
    if (!std::exchange(job.holding_, false)) return;
    ClientTurn& client = *job.owner_;
    --client.held;
    if (holds(job)) {
        --client.lanes[lane_of(job)].promised;
    } else {
        job.owner_ = nullptr;
    }
    settle(client);
}

FairQueue::Ring FairQueue::ring_for(const ClientTurn& client, const ClientTurn::Lane& lane) const {
    if (lane.empty()) return Ring::none;
    if (client.held < share_ || lane.promised != 0) return Ring::within;
    return !lane.deliveries.empty() && client.held < lent_max_ ? Ring::beyond : Ring::none;
}

/// Puts the client into the right ring after a change, or forgets it.
void FairQueue::settle(ClientTurn& client) {
    bool waits = false;
    for (const std::size_t lane : {0U, 1U}) {
        ClientTurn::Lane& place = client.lanes[lane];
        waits |= !place.empty();
        const Ring ring = ring_for(client, place);
        if (ring == place.ring) continue;
        leave_ring(client, lane);
        join_ring(client, lane, ring);
    }
    if (!waits && client.held == 0) clients_.erase(clients_.find(*client.key));
}

void FairQueue::leave_ring(ClientTurn& client, std::size_t lane) {
    ClientTurn::Lane& place = client.lanes[lane];
    if (place.ring == Ring::none) return;
    Ends& ring = ends(lane, place.ring);
    (place.previous != nullptr ? place.previous->lanes[lane].next : ring.first) = place.next;
    (place.next != nullptr ? place.next->lanes[lane].previous : ring.last) = place.previous;
    place.next = place.previous = nullptr;
    place.ring = Ring::none;
}

void FairQueue::join_ring(ClientTurn& client, std::size_t lane, Ring ring) {
    if (ring == Ring::none) return;
    ClientTurn::Lane& place = client.lanes[lane];
    Ends& all = ends(lane, ring);
    place.ring = ring;
    place.previous = all.last;
    (all.last != nullptr ? all.last->lanes[lane].next : all.first) = &client;
    all.last = &client;
}

}  // namespace sluice::relay
