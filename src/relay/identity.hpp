// What has to be said on an MTA connection so that it speaks for a client.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/socket.hpp"
#include "relay/options.hpp"
#include "smtp/envelope.hpp"
#include "wire/xclient.hpp"

namespace sluice::relay {

/// How a connection that is open tells the MTA who the client is.
enum class Carry : std::uint8_t {
    nothing,  // it does not: one identity, ours
    xclient,
    proxy,  // said before the greeting: one identity for the whole of the connection
};

/// Without XCLIENT an MTA is not spoken to at all: what an MTA does not offer, or offers no longer, is no
/// reason to take its clients' identities away from it.
bool needs_xclient(IdentityBy by);

/// `attributes` are what the MTA offers of XCLIENT on a connection.
Carry carry_of(IdentityBy by, wire::XclientAttributes attributes);

/// An identity as the MTA has been told it, octet for octet: two clients of one Introduction are one client
/// to the MTA, and nobody else may use the connection. The client's port is part of it exactly where it is
/// sent (PROXY, and XCLIENT where the MTA lists PORT), so that there each session is an identity of its own.
struct Introduction {
    std::string preface;  // XCLIENT line or PROXY header; empty when nothing is told
    std::string helo;
    bool esmtp = false;

    bool empty() const { return preface.empty(); }
    bool operator==(const Introduction&) const = default;
};

Introduction xclient_introduction(const smtp::ClientIdentity& client, wire::XclientAttributes attributes);

/// `mta` is the destination named in the header.
Introduction proxy_introduction(const smtp::ClientIdentity& client, const net::Endpoint& mta);

}  // namespace sluice::relay
