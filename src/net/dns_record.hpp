// The data of one DNS record, as it is on the wire (RFC 1035 3.3, 3.4, RFC 3596, RFC 6698), names
// uncompressed; and what a whole message without answers means.
#pragma once

#include <span>

#include "net/resolver.hpp"

namespace sluice::net {

/// Puts it where it belongs in the answer. False, and nothing happens, when it is malformed.
bool add_record(DnsAnswer& answer, DnsType type, std::span<const unsigned char> wire);

/// A message (RFC 1035 4.1) that answers nothing and names other servers, without an SOA record that would
/// make it a "no" (RFC 2308 2.2). What is malformed is none.
bool is_referral(std::span<const unsigned char> message);

}  // namespace sluice::net
