// DNS lists (DNSBL and DNSWL, RFC 5782): the name to ask for, and what an answer means.
//
// An answer in 127.255.255.0/24 says that the list refuses to serve us, and one outside 127.0.0.0/8 that the
// name has been taken over by somebody: both are errors of the list and never a listing. An answer whose code
// is not accepted is no opinion. A list may weigh each code by itself, and have codes that speak for a client
// beside those that speak against it. No DNS here.
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
/// "127.0.0-255.4" and, the same, "127.0.*.4".
struct ReturnCodes {
    struct Range {
        std::uint8_t low = 0;
        std::uint8_t high = 255;
    };
    Range octets[3];  // a, b, c

    static std::optional<ReturnCodes> parse(std::string_view text);
    bool contains(const IpAddress& answer) const;
    /// There are answers that both contain.
    bool overlaps(const ReturnCodes& other) const;
};

/// What some codes of a list say.
struct CodeMeaning {
    enum class Says : std::uint8_t {
        listed,
        not_listed,  // no opinion; it stands here for the others' sake, or for its words
        error,       // the list refuses to serve us
    };
    ReturnCodes codes;
    Says says = Says::listed;
    std::optional<int> weight = {};  // against the client above zero, for it below; nothing = the list's
    std::string_view words = {};     // for the log; static storage, may be empty
};

struct DnsListOptions {
    std::string zone;  // "zen.example.org", no dots at the ends
    // What clients and the log are told instead of a zone with a key in it; empty = the zone.
    std::string shown_as = {};
    int weight = 10;                       // of a listing; DNSWL zones have it subtracted
    bool allow = false;                    // a DNSWL
    std::vector<ReturnCodes> accept = {};  // empty = every 127/8 answer outside 127.255.255.0/24
    std::vector<CodeMeaning> codes = {};   // the first that contains an answer decides
    bool only_codes = false;               // an answer that none of `codes` contains is no opinion

    /// The configuration may name so many codes of a list.
    static constexpr std::size_t codes_max = 64;
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
    // When listed; refer to `list`. One signal for all codes that speak against the client, and one for those
    // that speak for it: each has the weight of its weightiest code, once, and names all of them, with what
    // they mean where that is known: "127.0.0.2 (SBL),127.0.0.4 (XBL)".
    std::vector<Signal> signals = {};
    std::string error = {};  // the code that shows an error of the list, likewise
};

/// What the A records of query_name() mean; no records = not listed. One record that shows an error outweighs
/// all others.
ListOpinion interpret(const DnsListOptions& list, std::span<const IpAddress> answers);

}  // namespace sluice::policy
