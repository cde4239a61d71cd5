// The data of one DNS record, as it is on the wire (RFC 1035 3.3, 3.4, RFC 3596, RFC 6698), names
// uncompressed.
#pragma once

#include <span>

#include "net/resolver.hpp"

namespace sluice::net {

/// Puts it where it belongs in the answer. False, and nothing happens, when it is malformed.
bool add_record(DnsAnswer& answer, DnsType type, std::span<const unsigned char> wire);

}  // namespace sluice::net
