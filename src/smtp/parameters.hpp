// The parameters of MAIL and RCPT (RFC 5321 4.1.2, esmtp-param), held to what this session was offered.
//
// Checked and never changed: they travel to the MTA as the client wrote them. A parameter whose extension was
// not offered is refused, because the MTA behind would not honour it.
#pragma once

#include <cstdint>
#include <expected>
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
};

/// SIZE (RFC 1870 3), BODY (RFC 6152 2), SMTPUTF8 (RFC 6531 3.4), RET and ENVID (RFC 3461 4.3, 4.4),
/// REQUIRETLS (RFC 8689 4.1), AUTH (RFC 4954 5).
std::expected<MailParameters, ParameterError> check_mail_parameters(std::string_view text,
                                                                    const Offer& offered);

/// NOTIFY and ORCPT (RFC 3461 4.1, 4.2). With `smtputf8` an ORCPT of type utf-8 may hold UTF-8 (RFC 6533 3).
std::expected<void, ParameterError> check_rcpt_parameters(std::string_view text, const Offer& offered,
                                                          bool smtputf8);

}  // namespace sluice::smtp
