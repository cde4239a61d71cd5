// The operations by which a client's past is asked for when it connects, and told when it leaves. Pure.
#pragma once

#include <string>

#include "base/ip.hpp"
#include "policy/past.hpp"
#include "policy/place.hpp"
#include "store/operation.hpp"

namespace sluice::store {

/// Keys of a client in each space: the address (IPv6: /64), its network (/24; IPv6: /48), "all"; and of where
/// it is, "AS64500" and "DE", as far as that is known.
std::string client_key(std::string_view space, const IpAddress& client);
std::string network_key(std::string_view space, const IpAddress& client);
std::string everybody_key(std::string_view space);
std::string asn_key(std::string_view space, const policy::Place& place);
std::string country_key(std::string_view space, const policy::Place& place);

enum class Arrival : std::uint8_t {
    joins,  // it is counted: a session begins
    looks,  // nothing changes: somebody wants to know
};

/// What to ask of a client; read_past() reads what comes back, given the same place and options. What has no
/// limit is not counted, and where it is not known is not asked about.
Operations past_of(const IpAddress& client, const policy::Place& place, const policy::PastOptions& options,
                   Arrival arrival);
policy::Past read_past(const Outcomes& outcomes, const policy::Place& place,
                       const policy::PastOptions& options);

/// The session is here, and no longer: for live counts alone.
Operations held_by(const IpAddress& client, const policy::PastOptions& options, bool here);

/// What a session has come to, besides being over.
struct Departure {
    policy::Conduct conduct;
    policy::RateCounts counts{};  // since past_of(); connections is 0
    std::optional<policy::ShortBlock> block = {};
};
Operations departure_of(const IpAddress& client, const policy::Place& place,
                        const policy::PastOptions& options, const Departure& departure);

}  // namespace sluice::store
