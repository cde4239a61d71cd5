// The facts that an MTA gives in its reply to EHLO (RFC 5321 4.1.1.1).
#pragma once

#include <string>
#include <string_view>

#include "smtp/extensions.hpp"

namespace sluice::smtp {

struct EhloReply {
    std::string host;     // the MTA's own name: the first word of the first line
    Offer offer;          // the extensions we know; a SIZE that is no number is no limit
    std::string xclient;  // the words behind XCLIENT, "NAME ADDR PROTO HELO"; empty when not offered

    std::string auth;  // the words behind AUTH, "PLAIN LOGIN"; empty when not offered

    bool operator==(const EhloReply&) const = default;
};

/// Parses the text of a positive reply (see Reply). Unknown keywords are ignored.
EhloReply parse_ehlo_reply(std::string_view text);

/// Appends the ESMTP parameters of a MAIL or RCPT command ("SIZE=1000 BODY=8BITMIME") in the form for an MTA
/// that offers `offer`, each preceded by a space and written as append_parameter() does. SIZE, BODY and AUTH,
/// which only inform, are left out if they are not offered, and so are the parameters of DSN (NOTIFY, RET,
/// ENVID, ORCPT), which RFC 3461 5.2.2 then forbids. Any other parameter of an extension that is not offered
/// is a promise to the client that this MTA cannot keep: false.
///
/// A relay that drops NOTIFY=SUCCESS would owe the sender a "relayed" notification (5.2.2 b). We are no
/// relay: the client hears the MTA's own reply, and an MTA that offers no DSN tells its clients the same by
/// not offering it. We promised DSN because we speak to many clients, and the MTA offers more to some of them
/// than to others. The report of a success is worth less than the mail, which would be put off until it
/// bounced. A failure is reported without NOTIFY, too. Dropping NOTIFY=NEVER may cause a bounce that the
/// sender did not want.
bool append_parameters(std::string_view parameters, const Offer& offer, std::string& out);

}  // namespace sluice::smtp
