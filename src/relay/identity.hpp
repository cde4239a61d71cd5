// The words on an MTA connection that make the MTA see a given client.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/socket.hpp"
#include "relay/options.hpp"
#include "smtp/envelope.hpp"
#include "wire/xclient.hpp"

namespace sluice::relay {

/// The way in which an open connection tells the MTA who the client is.
enum class Carry : std::uint8_t {
    nothing,  // it does not: the MTA sees one identity, ours
    xclient,
    proxy,  // said before the greeting: one identity for the whole of the connection
};

/// True: without XCLIENT the MTA gets no mail at all. That it does not offer XCLIENT, or no longer does, is
/// no reason to hide its clients' identities from it.
bool needs_xclient(IdentityBy by);

/// `attributes` are those of XCLIENT that the MTA offers on a connection.
Carry carry_of(IdentityBy by, wire::XclientAttributes attributes);

/// An identity as the MTA has been told it, octet for octet: two clients of one Introduction are one client
/// to the MTA, and no other client may use the connection. The client's port is part of it exactly where it
/// is sent (PROXY, and XCLIENT where the MTA lists PORT), so that there each session is an identity of its
/// own.
struct Introduction {
    std::string preface;  // XCLIENT line or PROXY header; empty when nothing is told
    std::string helo;
    bool esmtp = false;

    bool empty() const { return preface.empty(); }
    bool operator==(const Introduction&) const = default;
};

Introduction xclient_introduction(const smtp::ClientIdentity& client, wire::XclientAttributes attributes);

/// `mta` is the destination that the header names.
Introduction proxy_introduction(const smtp::ClientIdentity& client, const net::Endpoint& mta);

}  // namespace sluice::relay
