// DNS lists (DNSBL and DNSWL, RFC 5782): the name to ask for, and what an answer means.
//
// An answer in 127.255.255.0/24 says that the list refuses to serve us, and one outside 127.0.0.0/8 that the
// name has been taken over by somebody: both are errors of the list and never a listing. An answer whose code
// is not accepted is no opinion. No DNS here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"
#include "policy/verdict.hpp"

namespace sluice::policy {

/// Which 127.a.b.c answers count: each of a, b, c a range. Parses "127.0.0.2", "127.0.0.2-11",
/// "127.0.0-255.4".
struct ReturnCodes {
    struct Range {
        std::uint8_t low = 0;
        std::uint8_t high = 255;
    };
    Range octets[3];  // a, b, c

    static std::optional<ReturnCodes> parse(std::string_view text);
    bool contains(const IpAddress& answer) const;
};

struct DnsListOptions {
    std::string zone;  // "zen.example.org", no dots at the ends
    // What clients and the log are told instead of a zone with a key in it; empty = the zone.
    std::string shown_as = {};
    int weight = 10;                       // of a listing; DNSWL zones have it subtracted
    bool allow = false;                    // a DNSWL
    std::vector<ReturnCodes> accept = {};  // empty = every 127/8 answer outside 127.255.255.0/24
};

/// The list's name for those who must not see the key that some zones begin with.
inline std::string_view shown_name(const DnsListOptions& list) {
    return list.shown_as.empty() ? list.zone : list.shown_as;
}

/// "2.0.0.127.zone" or the 32 nibbles of an IPv6 address (RFC 5782 2.1, 2.4).
std::string query_name(const IpAddress& client, std::string_view zone);

enum class Listing : std::uint8_t { listed, not_listed, list_error };

struct ListOpinion {
    Listing listing = Listing::not_listed;
    // Set when listed; refers to `list`. Its value names every code accepted, "127.0.0.2,127.0.0.4"; the
    // weight counts once.
    std::optional<Signal> signal;
};

/// What the A records of query_name() mean; no records = not listed. One record that shows an error outweighs
/// all others.
ListOpinion interpret(const DnsListOptions& list, std::span<const IpAddress> answers);

}  // namespace sluice::policy
