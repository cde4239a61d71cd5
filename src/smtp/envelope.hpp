// The values that pass between the client side and the MTA side: a client's identity, and the mail that it
// asks to be carried.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.hpp"

namespace sluice::smtp {

/// The protection of the connection between a client and us.
struct ClientTls {
    std::string version;  // "TLSv1.3"
    std::string cipher;   // "TLS_AES_256_GCM_SHA384"
    int bits = 0;

    bool operator==(const ClientTls&) const = default;
};

/// A client as the MTA must see it (Postfix XCLIENT vocabulary). Two equal identities may share one MTA
/// connection without a new XCLIENT; unequal ones never may.
struct ClientIdentity {
    IpAddress address;
    std::uint16_t port = 0;
    std::string name;  // forward-confirmed PTR name; empty = there is none, or it is not known
    std::string helo;  // HELO/EHLO argument; empty = none given
    bool esmtp = false;
    std::optional<ClientTls> tls = std::nullopt;  // none = plaintext

    std::string reverse_name = {};  // PTR name, perhaps unconfirmed; empty as for `name`
    bool name_absent = false;       // DNS says that there is no `name`; false and empty: not known
    bool reverse_name_absent = false;
    IpAddress destination = {};          // the address that the client connected to
    std::uint16_t destination_port = 0;  // 0 = the destination is not known

    bool operator==(const ClientIdentity&) const = default;
};

/// One RCPT command.
struct Recipient {
    std::string address;     // without the angle brackets: "user@example.org", "postmaster"
    std::string parameters;  // "NOTIFY=NEVER ORCPT=…", those that are carried on; may be empty

    bool operator==(const Recipient&) const = default;
};

/// A mail transaction: MAIL and the RCPTs that were accepted.
struct Envelope {
    std::string sender;             // without the angle brackets; empty = the null reverse-path <>
    std::string sender_parameters;  // "SIZE=1000 BODY=8BITMIME", those that are carried on
    std::vector<Recipient> recipients;

    bool operator==(const Envelope&) const = default;
};

}  // namespace sluice::smtp
