// The client as the MTA is to see it: the facts that the MTA would know if the client had connected to it.
#include <string>

#include "front/session.hpp"
#include "front/transaction.hpp"
#include "policy/client_name.hpp"

namespace sluice::front {

const IpAddress& Session::sender_address() const {
    return forwarded_ ? server_.forwarded().address : peer_.address;
}

smtp::ClientIdentity Session::identity() const {
    if (forwarded_) return server_.forwarded();
    smtp::ClientIdentity client{.address = peer_.address,
                                .port = peer_.port,
                                .name = {},
                                .helo = server_.helo(),
                                .esmtp = server_.esmtp()};
    if (server_.secure()) {
        const net::TlsFacts facts = tls_.facts();
        client.tls = {
            .version = std::string(facts.version), .cipher = std::string(facts.cipher), .bits = facts.bits};
    }
    const net::Endpoint connected_to = destination();
    client.destination = connected_to.address;
    client.destination_port = connected_to.port;
    if (context_.options.policy.resolve_names) tell_names(client);
    return client;
}

/// Gives the names as Postfix would have found them. A name that leads elsewhere counts as none, but remains
/// the reverse name. This host is "localhost", which DNS need not know (RFC 6761 6.3).
void Session::tell_names(smtp::ClientIdentity& client) const {
    if (policy::is_this_host(peer_.address)) {
        client.name = client.reverse_name = "localhost";
        return;
    }
    const policy::ClientName& known = case_.name();
    client.name = known.confirmed();
    client.name_absent = known.confirmed_absent();
    client.reverse_name = known.ptr;
    client.reverse_name_absent = known.standing == policy::ClientName::Standing::absent;
}

/// The address that the client connected to: the one from a PROXY header, else the socket's own, which is
/// looked up at each use.
net::Endpoint Session::destination() const {
    if (aside_ && aside_->destination.port != 0) return aside_->destination;
    return net::local_endpoint(fd_.get());
}

}  // namespace sluice::front
