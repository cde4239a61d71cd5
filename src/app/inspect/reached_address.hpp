// Guesses which of our addresses a client has connected to, for a command that has no such connection.
#pragma once

#include <span>
#include <string_view>

#include "base/ip.hpp"
#include "net/socket.hpp"

namespace sluice::app {

/// The address that matters to policy::judge_helo: the client's own, if the client is this machine; else the
/// one that it names in brackets, if Sluice can be reached there; else nothing (0.0.0.0). When `listened` has
/// an address that stands for a whole family, each of `own` (net::own_addresses) counts as one of ours.
IpAddress reached_address(const IpAddress& client, std::string_view helo,
                          std::span<const net::Endpoint> listened, std::span<const IpAddress> own);

}  // namespace sluice::app
