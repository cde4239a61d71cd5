// Finds the networks that Postfix lets relay and Sluice would treat as strangers. Pure:
// app/postfix/postconf.hpp reads them.
//
// A printer or an application server in mynetworks has no queue: a 450 of the greylist, or a reply of 21
// seconds, is the end of its mail.
#pragma once

#include <string_view>
#include <vector>

#include "app/check/finding.hpp"
#include "base/ip.hpp"
#include "policy/networks.hpp"

namespace sluice::app {

/// The networks of a mynetworks that are written in it, as `postconf -h mynetworks` prints it. Loopback is
/// left out, which Sluice knows by itself; so are exclusions ("!192.0.2.1"), and what is so wide (an IPv4
/// prefix below /8, an IPv6 one below /16) that it would make half the world fast.
std::vector<Network> trusted_networks(std::string_view mynetworks);

/// Finds those that no entry of policy.networks holds, with the line that mends it, and what cannot be read
/// here (tables, files); nothing when all is well.
Findings networks_findings(std::string_view mynetworks, const policy::NetworkTable& networks);

}  // namespace sluice::app
