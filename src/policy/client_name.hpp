// The judgement whether a client's PTR name looks as if a provider had made it from a customer's changing
// address.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.hpp"

namespace sluice::policy {

/// The name that a PTR record gives a client, and how far DNS confirms it.
struct ClientName {
    enum class Standing : std::uint8_t {
        unknown,      // not asked for, or not answered
        absent,       // there is no PTR record
        unconfirmed,  // the name leads to another address, or to none
        doubtful,     // DNS could not say where the name leads
        confirmed,    // it leads back to the client (RFC 1912 2.1)
    };
    std::string ptr;  // only its owner's claim unless confirmed; empty = none
    Standing standing = Standing::unknown;

    /// The confirmed name; empty = there is none.
    std::string_view confirmed() const {
        return standing == Standing::confirmed ? std::string_view(ptr) : std::string_view();
    }
    /// Whether DNS is sure that there is no confirmed name.
    bool confirmed_absent() const {
        return standing == Standing::absent || standing == Standing::unconfirmed;
    }
};

/// Whether the client is 127.0.0.1 or ::1, about which DNS has nothing to say.
bool is_this_host(const IpAddress& client);

/// Whether the name contains both the address (decimal, padded with zeros, hexadecimal, in either order, or
/// its last two octets; IPv6: all of it or its last 64 bits) and a word that providers use for such customers
/// (dyn, pool, dsl …). False for a name whose first label says mail, mx or smtp, and for one that says
/// static.
bool looks_dynamic(std::string_view name, const IpAddress& client);

}  // namespace sluice::policy
