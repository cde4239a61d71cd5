// Whether a client's PTR name looks as if a provider had made it from the address of a changing customer.
#pragma once

#include <string_view>

#include "base/ip.hpp"

namespace sluice::policy {

/// 127.0.0.1 or ::1: DNS has nothing to say about it.
bool is_this_host(const IpAddress& client);

/// The name has the address in it (decimal, padded with zeros, hexadecimal, either way round, or its last two
/// octets; IPv6: the whole or its last 64 bits) and a word that providers use for such customers (dyn, pool,
/// dsl …). Never a name whose first label says mail, mx or smtp, nor one that says static.
bool looks_dynamic(std::string_view name, const IpAddress& client);

}  // namespace sluice::policy
