// What an MTA says of itself in its reply to EHLO (RFC 5321 4.1.1.1).
#pragma once

#include <string>
#include <string_view>

#include "smtp/extensions.hpp"

namespace sluice::smtp {

struct EhloReply {
    std::string host;     // the name the MTA gives itself: first word of the first line
    Offer offer;          // of the extensions we know; a limit of SIZE that is no number is no limit
    std::string xclient;  // what follows XCLIENT, "NAME ADDR PROTO HELO"; empty when it is not offered

    std::string auth;  // what follows AUTH, "PLAIN LOGIN"; empty when it is not offered

    bool operator==(const EhloReply&) const = default;
};

/// From the text of a positive reply (see Reply). Keywords we do not know are ignored.
EhloReply parse_ehlo_reply(std::string_view text);

/// ESMTP parameters of a MAIL or RCPT command ("SIZE=1000 BODY=8BITMIME") as an MTA that offers `offer` can
/// be given them, each preceded by a space and written as append_parameter() does. Left out where they are
/// not offered are SIZE, BODY and AUTH, which only tell something, and the parameters of DSN (NOTIFY, RET,
/// ENVID, ORCPT), which RFC 3461 5.2.2 forbids to say there. Any other parameter of an extension that is not
/// offered is a promise to the client that this MTA cannot keep: false.
///
/// A relay that drops NOTIFY=SUCCESS would owe the sender a "relayed" notification (5.2.2 b). We are none:
/// what the client hears is the MTA's reply, and an MTA that offers no DSN to a client tells it the same by
/// not offering it. We promised it because we speak to many clients and the MTA offers more to some of them
/// than to others; the report of a success is worth less than the mail, which would be put off until it
/// bounced. A failure is reported without NOTIFY too. NOTIFY=NEVER dropped may cause a bounce that its sender
/// did not want.
bool append_parameters(std::string_view parameters, const Offer& offer, std::string& out);

}  // namespace sluice::smtp
