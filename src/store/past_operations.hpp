// The operations that ask for a client's past when it connects, and update it when it leaves. Pure.
#pragma once

#include <string>

#include "base/ip.hpp"
#include "policy/past.hpp"
#include "policy/place.hpp"
#include "store/operation.hpp"

namespace sluice::store {

/// Keys of a client in each space: the address (IPv6: /64), its network (/24; IPv6: /48), "all"; and
/// "AS64500" and "DE" for where the client is, as far as that is known.
std::string client_key(std::string_view space, const IpAddress& client);
std::string network_key(std::string_view space, const IpAddress& client);
std::string everybody_key(std::string_view space);
std::string asn_key(std::string_view space, const policy::Place& place);
std::string country_key(std::string_view space, const policy::Place& place);

enum class Arrival : std::uint8_t {
    joins,  // counted: a session begins
    looks,  // changes nothing: an operator asks
};

/// The questions about a client; read_past() reads the outcomes, given the same place and options. What has
/// no limit is not counted, and an unknown place is not asked about.
Operations past_of(const IpAddress& client, const policy::Place& place, const policy::PastOptions& options,
                   Arrival arrival);
policy::Past read_past(const Outcomes& outcomes, const policy::Place& place,
                       const policy::PastOptions& options);

/// Adds the session to the live counts (`here`), or removes it.
Operations held_by(const IpAddress& client, const policy::PastOptions& options, bool here);

/// The conduct and the counts of a session, known at its end.
struct Departure {
    policy::Conduct conduct;
    policy::RateCounts counts{};  // since past_of(); connections is 0
    std::optional<policy::ShortBlock> block = {};
};
Operations departure_of(const IpAddress& client, const policy::Place& place,
                        const policy::PastOptions& options, const Departure& departure);

}  // namespace sluice::store
