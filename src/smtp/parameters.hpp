// The parameters of MAIL and RCPT (RFC 5321 4.1.2, esmtp-param), held to what this session was offered.
//
// They travel to the MTA as the client wrote them, apart by single spaces. A parameter that asks for
// something (SMTPUTF8, REQUIRETLS, DSN) is refused where its extension was not offered, because the MTA
// behind would not do it. SIZE, BODY and AUTH only tell something, and are never a reason to refuse mail:
// Postfix takes them whatever it has offered, after HELO, too.
//
// What is taken and not carried on, because nobody could make use of it: ENVID and ORCPT beyond their bounds.
// A part of an address is another address, and a part of an identifier another letter's; a report without
// them says what is true. AUTH beyond its bound, or from who was not offered AUTH, is as good as "AUTH=<>",
// which says nothing (RFC 4954 5).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "smtp/extensions.hpp"

namespace sluice::smtp {

enum class ParameterError : std::uint8_t {
    unsupported,  // unknown, or not offered to this client
    bad,          // no parameter at all, or a value outside its grammar
    repeated,
};

/// What the server itself needs to know of a MAIL.
struct MailParameters {
    std::uint64_t size = 0;  // declared octets (RFC 1870); 0 = not declared
    bool smtputf8 = false;   // RFC 6531 3.4
    std::string carried;     // what goes on to the MTA
};

/// SIZE (RFC 1870 3), BODY (RFC 6152 2), SMTPUTF8 (RFC 6531 3.4), RET and ENVID (RFC 3461 4.3, 4.4),
/// REQUIRETLS (RFC 8689 4.1), AUTH (RFC 4954 5).
std::expected<MailParameters, ParameterError> read_mail_parameters(std::string_view text,
                                                                   const Offer& offered);

/// NOTIFY and ORCPT (RFC 3461 4.1, 4.2); what goes on to the MTA. With `smtputf8` an ORCPT of type utf-8 may
/// hold UTF-8 (RFC 6533 3).
std::expected<std::string, ParameterError> read_rcpt_parameters(std::string_view text, const Offer& offered,
                                                                bool smtputf8);

}  // namespace sluice::smtp
