#include "relay/identity.hpp"

#include "wire/proxy_protocol.hpp"

namespace sluice::relay {

bool needs_xclient(IdentityBy by) {
    return by == IdentityBy::automatic || by == IdentityBy::xclient;
}

Carry carry_of(IdentityBy by, wire::XclientAttributes attributes) {
    switch (by) {
        case IdentityBy::proxy_v2: return Carry::proxy;
        case IdentityBy::none: return Carry::nothing;
        case IdentityBy::automatic:
        case IdentityBy::xclient: break;
    }
    return attributes.has(wire::XclientAttributes::addr) ? Carry::xclient : Carry::nothing;
}

Introduction xclient_introduction(const smtp::ClientIdentity& client, wire::XclientAttributes attributes) {
    const wire::XclientIdentity identity{
        .address = client.address,
        .helo = client.helo,
        .esmtp = client.esmtp,
        .port = client.port,
        .name = {.name = client.name, .absent = client.name_absent},
        .reverse_name = {.name = client.reverse_name, .absent = client.reverse_name_absent},
        .destination = client.destination,
        .destination_port = client.destination_port};
    return {.preface = wire::xclient_line(attributes, identity), .helo = client.helo, .esmtp = client.esmtp};
}

Introduction proxy_introduction(const smtp::ClientIdentity& client, const net::Endpoint& mta) {
    const wire::ProxyAddresses addresses{.source = client.address,
                                         .destination = mta.address,
                                         .source_port = client.port,
                                         .destination_port = mta.port};
    std::optional<wire::ProxyTls> tls;
    if (client.tls) tls = {.version = client.tls->version, .cipher = client.tls->cipher};
    // Always EHLO: the MTA's offer has to be learnt on each of these connections.
    return {.preface = wire::proxy_v2_header(addresses, tls), .helo = client.helo, .esmtp = true};
}

}  // namespace sluice::relay
