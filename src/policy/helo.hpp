// What a client calls itself in HELO or EHLO, judged without asking anybody (RFC 5321 2.3.5, 4.1.1.1, 4.1.3).
#pragma once

#include <optional>
#include <string_view>

#include "base/ip.hpp"
#include "policy/signal_catalogue.hpp"

namespace sluice::policy {

/// Who speaks, and to whom.
struct HeloFacts {
    IpAddress client;
    std::string_view our_name;  // smtp.hostname
    IpAddress our_address;      // the one the client has connected to
};

/// The one sign that `argument` shows, the gravest first: our name or address, bad syntax, a literal that is
/// not the client's (a loopback one is less grave: whoever says it does not know its own address), a literal,
/// a bare word. Nothing for a well-formed name of two labels or more. A final dot and underscores are let
/// pass; so is our own name from this host (loopback, or our address).
std::optional<SignalId> judge_helo(std::string_view argument, const HeloFacts& facts);

/// Whether DNS could know `argument`: a well-formed name of two labels or more.
bool is_full_name(std::string_view argument);

/// The address in brackets, "[192.0.2.1]" or "[IPv6:2001:db8::1]", if it is one.
std::optional<IpAddress> address_literal(std::string_view argument);

}  // namespace sluice::policy
