// The parameters of MAIL and RCPT (RFC 5321 4.1.2, esmtp-param), checked against the offer to this session.
//
// They travel to the MTA as the client wrote them, separated by single spaces. A parameter that asks for
// something (SMTPUTF8, REQUIRETLS, DSN) is refused if its extension was not offered, because the MTA behind
// would not do it. SIZE, BODY and AUTH only inform and are never a reason to refuse mail: Postfix accepts
// them whatever it has offered, even after HELO.
//
// Some parameters are accepted but not carried on, because nobody could use them. An ENVID or ORCPT beyond
// its bound is one: a part of an address is another address, and a part of an identifier is another letter's,
// while a report without them still tells the truth. An AUTH beyond its bound, or from a client that was not
// offered AUTH, is another: it means no more than "AUTH=<>", which says nothing (RFC 4954 5).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "smtp/extensions.hpp"

namespace sluice::smtp {

enum class ParameterError : std::uint8_t {
    unsupported,  // unknown, or not offered to this client
    bad,          // no parameter at all, or its value has the wrong syntax
    repeated,
};

/// The facts of a MAIL that the server itself needs.
struct MailParameters {
    std::uint64_t size = 0;  // declared octets (RFC 1870); 0 = not declared
    bool smtputf8 = false;   // RFC 6531 3.4
    std::string carried;     // the parameters that are carried on to the MTA
};

/// Parses SIZE (RFC 1870 3), BODY (RFC 6152 2), SMTPUTF8 (RFC 6531 3.4), RET and ENVID (RFC 3461 4.3, 4.4),
/// REQUIRETLS (RFC 8689 4.1), AUTH (RFC 4954 5).
std::expected<MailParameters, ParameterError> read_mail_parameters(std::string_view text,
                                                                   const Offer& offered);

/// Parses NOTIFY and ORCPT (RFC 3461 4.1, 4.2), and returns those that are carried on to the MTA. With
/// `smtputf8` an ORCPT of type utf-8 may hold UTF-8 (RFC 6533 3).
std::expected<std::string, ParameterError> read_rcpt_parameters(std::string_view text, const Offer& offered,
                                                                bool smtputf8);

}  // namespace sluice::smtp
