// Whether a client's PTR name looks as if a provider had made it from the address of a changing customer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.hpp"

namespace sluice::policy {

/// The name that a PTR record gives a client, and what DNS says of it.
struct ClientName {
    enum class Standing : std::uint8_t {
        unknown,      // not asked for, or not answered
        absent,       // there is no PTR record
        unconfirmed,  // the name leads elsewhere, or nowhere
        doubtful,     // where it leads could not be found out
        confirmed,    // it leads back to the client (RFC 1912 2.1)
    };
    std::string ptr;  // its owner's word, and no more, unless it is confirmed; empty = none
    Standing standing = Standing::unknown;

    /// Empty = none.
    std::string_view confirmed() const {
        return standing == Standing::confirmed ? std::string_view(ptr) : std::string_view();
    }
    /// DNS is sure that there is no confirmed name.
    bool confirmed_absent() const {
        return standing == Standing::absent || standing == Standing::unconfirmed;
    }
};

/// 127.0.0.1 or ::1: DNS has nothing to say about it.
bool is_this_host(const IpAddress& client);

/// The name has the address in it (decimal, padded with zeros, hexadecimal, either way round, or its last two
/// octets; IPv6: the whole or its last 64 bits) and a word that providers use for such customers (dyn, pool,
/// dsl …). Never a name whose first label says mail, mx or smtp, nor one that says static.
bool looks_dynamic(std::string_view name, const IpAddress& client);

}  // namespace sluice::policy
