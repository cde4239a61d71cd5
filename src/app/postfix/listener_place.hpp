// Where a Postfix can have a listener for Sluice: at the address that relay.mta names, or on a free port
// beside it.
//
// Ports of clients (25, 465, 587) are never given away, nor is an entry of master.cf that was made for
// somebody else, as the one is on port 10025 by which amavis brings mail back.
//
// It does no I/O.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "app/postfix/postfix_settings.hpp"
#include "net/socket.hpp"

namespace sluice::app {

/// Where clients connect, or people submit mail: a listener there must not believe what it is told about
/// them.
bool is_for_clients(std::uint16_t port);

struct ListenerPlace {
    net::ServerAddress address;
    std::string instead;  // why it is not the one that was wished for; empty = it is
};

/// Somebody listens there, or did a moment ago.
using InUse = std::function<bool(const net::ServerAddress&)>;

/// `postfix` may be null: it is not on this machine. The error says that no port is free, and what to do.
std::expected<ListenerPlace, std::string> place_listener(const net::ServerAddress& wished,
                                                         const PostfixSettings* postfix, const InUse& in_use);

}  // namespace sluice::app
