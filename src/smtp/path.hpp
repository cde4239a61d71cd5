// Reverse-path and forward-path: the text behind "MAIL FROM:" and "RCPT TO:" (RFC 5321 4.1.2).
//
// Some forms beyond the RFC are accepted, because honest senders use them and Postfix accepts them: blanks
// before the path, no angle brackets, dots anywhere in a local part, underscores in a domain, a dot behind a
// domain. That dot (the root of DNS, RFC 1034 3.1) is dropped, as Postfix does, so that the address has one
// spelling for caches, lists and MTAs. Source routes are parsed and dropped (RFC 5321 appendix C). The caller
// decides whether an address may be outside US-ASCII.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "smtp/limits.hpp"

namespace sluice::smtp {

enum class PathKind : std::uint8_t {
    reverse,  // may be null, "<>"
    forward,  // may be "<postmaster>" without a domain
};

/// Whether a mailbox must have a domain. The MTA completes one without, "<root>", with its own.
enum class Domain : std::uint8_t { required, optional };

enum class PathError : std::uint8_t {
    syntax,   // no path at all, or a path without an end
    address,  // a path whose content is no address, or exceeds its bounds
};

/// The members are views into the text that the path was cut from.
struct Path {
    std::string_view address;  // without brackets, source route and final dot; empty = null
    std::string_view rest;     // behind the path: empty, or parameters without leading blanks
    bool eight_bit = false;    // the path holds octets beyond US-ASCII
};

/// Parses `text`, which follows the colon and has no trailing blanks. The limits of the path, the
/// local part and the domain apply.
std::expected<Path, PathError> parse_path(std::string_view text, PathKind kind, const Limits& limits,
                                          Domain domain = Domain::required);

}  // namespace sluice::smtp
