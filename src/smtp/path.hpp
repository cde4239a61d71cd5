// Reverse-path and forward-path: what stands behind "MAIL FROM:" and "RCPT TO:" (RFC 5321 4.1.2).
//
// Taken beyond the RFC, because honest senders send it and Postfix takes it: blanks before the path, no angle
// brackets, dots anywhere in a local part, underscores in a domain, a dot behind a domain. That dot (the root
// of DNS, RFC 1034 3.1) is dropped, as Postfix drops it: the address has one spelling for caches, lists and
// MTAs. Source routes are read and dropped (RFC 5321 appendix C). Whether an address may be outside US-ASCII
// is for the caller to say.
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

/// Whether a mailbox may lack its domain, "<root>", which the MTA completes with its own.
enum class Domain : std::uint8_t { required, optional };

enum class PathError : std::uint8_t {
    syntax,   // no path at all, or no end of it
    address,  // a path, and what it holds is no address or is over its bounds
};

/// Views into the text it was cut from.
struct Path {
    std::string_view address;  // without brackets, source route and final dot; empty = null
    std::string_view rest;     // behind the path: empty, or parameters without leading blanks
    bool eight_bit = false;    // the path holds octets beyond US-ASCII
};

/// `text` follows the colon and has no trailing blanks. Of `limits` the path's, local part's and domain's.
std::expected<Path, PathError> parse_path(std::string_view text, PathKind kind, const Limits& limits,
                                          Domain domain = Domain::required);

}  // namespace sluice::smtp
