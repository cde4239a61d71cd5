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
/// be given them, each preceded by a space and written as append_parameter() does. SIZE, BODY and AUTH are
/// dropped where they are not offered: they only tell something. Any other parameter of an extension that is
/// not offered is a promise to the client that this MTA cannot keep: false.
bool append_parameters(std::string_view parameters, const Offer& offer, std::string& out);

}  // namespace sluice::smtp
