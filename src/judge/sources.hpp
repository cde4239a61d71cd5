// The sources that checks ask; all cases of a worker share them.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "base/ip.hpp"
#include "base/metrics.hpp"
#include "judge/check.hpp"
#include "judge/options.hpp"
#include "policy/act.hpp"
#include "policy/client_counts.hpp"
#include "policy/place.hpp"
#include "store/past_operations.hpp"

namespace sluice::net {
class Loop;
class Resolver;
}  // namespace sluice::net

namespace sluice::store {
class State;
}

namespace sluice::judge {

/// All that is referred to outlives the cases.
struct Sources {
    net::Loop& loop;
    const PolicyOptions& options;
    std::string_view our_name;  // smtp.hostname
    net::Resolver* resolver;    // null = DNS is not asked
    store::State* state;        // null = nothing is remembered
    /// `looks` changes nothing in the store: an operator asks about a client.
    store::Arrival arrival = store::Arrival::joins;
    /// The operator's act on a client; null = there is none. The pointer is valid in this turn of the loop.
    const std::function<const policy::Act*(const IpAddress& client)>& act_on;
    const std::function<policy::Place(const IpAddress& client)>& place_of;
    /// Hears each signal that comes from a DNS list, an error of the list included.
    std::function<void(const policy::Signal&)> list_has_spoken = [](const policy::Signal&) {};
    policy::ClientCounts& unknown_recipients;
    Metrics& metrics;
    std::span<const Check* const> checks = catalogue();
};

}  // namespace sluice::judge
