#include "relay/identity.hpp"

#include "wire/proxy_protocol.hpp"

namespace sluice::relay {

Introduction xclient_introduction(const smtp::ClientIdentity& client, wire::XclientAttributes attributes) {
    const wire::XclientIdentity identity{client.address, client.name, client.helo, client.esmtp};
    return {wire::xclient_lines(attributes, identity), client.helo, client.esmtp};
}

Introduction proxy_introduction(const smtp::ClientIdentity& client, const net::Endpoint& mta) {
    const wire::ProxyAddresses addresses{client.address, mta.address, client.port, mta.port};
    // Always EHLO: what the MTA offers has to be learnt on each of these connections.
    return {wire::proxy_v2_header(addresses), client.helo, true};
}

}  // namespace sluice::relay
