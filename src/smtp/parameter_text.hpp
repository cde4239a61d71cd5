// Parameters of MAIL and RCPT on their way to an MTA. They keep the meaning that the client gave them, in
// octets that cannot be mistaken for anything else.
//
// The client wrote ENVID, ORCPT and AUTH in xtext (RFC 3461 4, RFC 4954 5), in which quotes and brackets
// stand for themselves; base/xtext.hpp explains what Postfix makes of them. They are decoded, as leniently as
// they were accepted, and written anew. An ORCPT of type utf-8 has an encoding of its own (RFC 6533 3): it is
// written in US-ASCII only, a form that every MTA with DSN can read, with or without SMTPUTF8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::smtp {

constexpr std::size_t envid_sent_octets_max = 100;  // RFC 3461 4.4
constexpr std::size_t orcpt_sent_octets_max = 500;  // RFC 3461 4.2

/// Appends a space and the parameter ("ENVID=QQ314159") to `out`. An ENVID or ORCPT that cannot be written,
/// or is then longer than the RFC allows, is left out: it only helps to match reports, and an MTA would
/// refuse the mail for it. False for any other parameter whose value could be mistaken for something else.
bool append_parameter(std::string_view parameter, std::string& out);

}  // namespace sluice::smtp
