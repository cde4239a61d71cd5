// Which of this machine's addresses a connection would come from. The kernel says so of a UDP socket that is
// connected; nothing is sent.
#pragma once

#include <optional>

#include "net/socket.hpp"

namespace sluice::net {

/// Nothing where there is no way to the server.
std::optional<IpAddress> source_towards(const Endpoint& server);

}  // namespace sluice::net
