// The address of this machine that a connection would come from. The kernel tells it for a connected UDP
// socket; nothing is sent.
#pragma once

#include <optional>

#include "net/socket.hpp"

namespace sluice::net {

/// Returns nothing when there is no route to the server.
std::optional<IpAddress> source_towards(const Endpoint& server);

}  // namespace sluice::net
