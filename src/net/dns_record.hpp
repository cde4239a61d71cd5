// The data of one DNS record in wire form (RFC 1035 3.3, 3.4, RFC 3596, RFC 6698), with uncompressed names;
// and the meaning of a whole message without answers.
#pragma once

#include <span>

#include "net/resolver.hpp"

namespace sluice::net {

/// Adds the record to the answer. False, and nothing is added, when it is malformed.
bool add_record(DnsAnswer& answer, DnsType type, std::span<const unsigned char> wire);

/// True for a message (RFC 1035 4.1) that answers nothing and names other servers, without an SOA record that
/// would make it a "no" (RFC 2308 2.2). A malformed message is no referral.
bool is_referral(std::span<const unsigned char> message);

}  // namespace sluice::net
