// Parameters of MAIL and RCPT on their way to an MTA: the same in meaning as the client wrote them, in
// octets that cannot be taken for anything else.
//
// The client wrote ENVID, ORCPT and AUTH in xtext (RFC 3461 4, RFC 4954 5), which lets quotes and brackets
// stand for themselves; base/xtext.hpp says what Postfix makes of those. They are decoded, as leniently as
// they were accepted, and written anew. An ORCPT of type utf-8 has an encoding of its own (RFC 6533 3): it
// is written in the form that holds US-ASCII only, which every MTA with DSN reads, whether it offers
// SMTPUTF8 or not.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::smtp {

constexpr std::size_t envid_sent_octets_max = 100;  // RFC 3461 4.4
constexpr std::size_t orcpt_sent_octets_max = 500;  // RFC 3461 4.2

/// Appends a space and the parameter ("ENVID=QQ314159") to `out`. An ENVID or ORCPT that is longer than the
/// RFC allows once it is written so, or that cannot be written, is left out: it only helps to tell reports
/// apart, and an MTA would refuse the mail for it. False for any other parameter whose value could be taken
/// for something else.
bool append_parameter(std::string_view parameter, std::string& out);

}  // namespace sluice::smtp
