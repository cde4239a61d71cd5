// Finds networks that Postfix allows to relay and that Sluice would treat as strangers. Pure:
// app/postfix/postconf.hpp reads them.
//
// A printer or an application server in mynetworks has no queue: a 450 of the greylist, or a reply that takes
// 21 seconds, loses its mail.
#pragma once

#include <string_view>
#include <vector>

#include "app/check/finding.hpp"
#include "base/ip.hpp"
#include "policy/networks.hpp"

namespace sluice::app {

/// The networks written in a mynetworks, in the form of `postconf -h mynetworks`. Loopback is left out,
/// because Sluice knows it; so are exclusions ("!192.0.2.1"), and networks so wide (an IPv4 prefix below /8,
/// an IPv6 one below /16) that they would put half the world into the fast lane.
std::vector<Network> trusted_networks(std::string_view mynetworks);

/// Reports networks that no entry of policy.networks contains, with the line that mends it, and words that
/// cannot be read here (tables, files); nothing when all is well.
Findings networks_findings(std::string_view mynetworks, const policy::NetworkTable& networks);

}  // namespace sluice::app
