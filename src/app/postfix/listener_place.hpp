// Finds a place for Sluice's listener in Postfix: the address that relay.mta names, or a free port beside it.
//
// Ports of clients (25, 465, 587) are never given away. Neither is an entry of master.cf that serves
// something else, such as port 10025, on which amavis returns mail.
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

/// Whether clients connect to this port or people submit mail to it. A listener there must not trust what it
/// is told about clients.
bool is_for_clients(std::uint16_t port);

struct ListenerPlace {
    net::ServerAddress address;
    std::string instead;  // why it is not the wished address; empty = it is
};

/// Whether a program listens there now, or did a moment ago.
using InUse = std::function<bool(const net::ServerAddress&)>;

/// `postfix` may be null: it is not on this machine. The error says that no port is free, and what to do
/// about it.
std::expected<ListenerPlace, std::string> place_listener(const net::ServerAddress& wished,
                                                         const PostfixSettings* postfix, const InUse& in_use);

}  // namespace sluice::app
