// The rows of [policy] and of the tables in it.
#pragma once

#include <span>
#include <vector>

#include "app/config/config.hpp"
#include "app/config/key.hpp"

namespace sluice::app {

/// The rows in the order of the reference. Names and texts of the signals' rows come from the catalogue.
std::vector<Key<Config>> policy_keys();
/// The rows for an element of policy.dnsbl and policy.dnswl.
std::span<const Key<policy::DnsListOptions>> dns_list_keys();
/// The rows for an element of policy.bots.
std::span<const Key<policy::BotSignature>> bot_keys();

}  // namespace sluice::app
