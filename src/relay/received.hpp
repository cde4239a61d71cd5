// The Received header that names the client where the MTA cannot be told otherwise (RFC 5321 4.4).
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "relay/identity.hpp"
#include "relay/options.hpp"
#include "smtp/envelope.hpp"

namespace sluice::relay {

/// The header with its final CRLF, at most 998 octets a line (RFC 5322 2.1.1):
///
///   Received: from helo.example (name.example [192.0.2.7])
///           (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256 bits))
///           by our.host with ESMTPS; Fri, 21 Nov 2025 02:06:00 +0000
///
/// without the second line, and with "ESMTP", for plaintext; with "UTF8SMTP" where the sender's parameters
/// contain SMTPUTF8 (RFC 6531 4.3). What the client says of itself can neither end the line nor close the
/// comment: every character except letters, digits and the marks of host names and address literals becomes
/// '?'.
std::string received_header(const smtp::ClientIdentity& client, std::string_view sender_parameters,
                            std::string_view hostname, std::chrono::system_clock::time_point now);

/// True: the message needs such a header, because the MTA learns of the client, or of its use of TLS, in no
/// other way.
bool wants_received_header(Carry carry, const smtp::ClientIdentity& client, const RelayOptions& options);

}  // namespace sluice::relay
