// The judgement of a HELO or EHLO name without asking anybody (RFC 5321 2.3.5, 4.1.1.1, 4.1.3).
#pragma once

#include <optional>
#include <string_view>

#include "base/ip.hpp"
#include "policy/signal_catalogue.hpp"

namespace sluice::policy {

/// The two ends of the connection.
struct HeloFacts {
    IpAddress client;
    std::string_view our_name;  // smtp.hostname
    IpAddress our_address;      // the address that the client has connected to
};

/// The gravest sign that `argument` shows. In order: our name or address; bad syntax; a literal that is not
/// the client's (less grave for a loopback one: such a client does not know its own address); a literal; a
/// bare word. Nothing for a well-formed name of two labels or more. A final dot and underscores are accepted,
/// and so is our own name from this host (loopback, or our address).
std::optional<SignalId> judge_helo(std::string_view argument, const HeloFacts& facts);

/// Whether `argument` could be in DNS: a well-formed name of two labels or more.
bool is_full_name(std::string_view argument);

/// The address of an address literal, "[192.0.2.1]" or "[IPv6:2001:db8::1]"; nothing for anything else.
std::optional<IpAddress> address_literal(std::string_view argument);

}  // namespace sluice::policy
