// Which of our addresses a client has connected to, for a command that has no connection to ask.
#pragma once

#include <span>
#include <string_view>

#include "base/ip.hpp"
#include "net/socket.hpp"

namespace sluice::app {

/// The one that matters to policy::judge_helo: the client's own, if it is this machine; else the one that it
/// names in brackets, if Sluice can be reached there. Nothing (0.0.0.0) when neither is so. Where `listened`
/// has an address that stands for all of its family, each of `own` (net::own_addresses) is one of ours.
IpAddress reached_address(const IpAddress& client, std::string_view helo,
                          std::span<const net::Endpoint> listened, std::span<const IpAddress> own);

}  // namespace sluice::app
