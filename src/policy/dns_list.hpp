// DNS lists (DNSBL and DNSWL, RFC 5782): the name to ask for, and what an answer means.
//
// An answer in 127.255.255.0/24 says that the list refuses to serve us; one outside 127.0.0.0/8 says that
// somebody has taken over the name. Both are errors of the list and never a listing. An answer whose code is
// not accepted is no opinion. A list may weigh each code by itself, and may have codes in favour of a client
// beside those against it. No DNS here.
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

/// The 127.a.b.c answers that count: each of a, b, c is a range. Parses "127.0.0.2", "127.0.0.2-11", and
/// "127.0.0-255.4", for which "127.0.*.4" is another spelling.
struct ReturnCodes {
    struct Range {
        std::uint8_t low = 0;
        std::uint8_t high = 255;
    };
    Range octets[3];  // a, b, c

    static std::optional<ReturnCodes> parse(std::string_view text);
    bool contains(const IpAddress& answer) const;
    /// Whether there are answers that both contain.
    bool overlaps(const ReturnCodes& other) const;
};

/// The meaning of some codes of a list.
struct CodeMeaning {
    enum class Says : std::uint8_t {
        listed,
        not_listed,  // no opinion: excluded from later rows, or named for its words
        error,       // the list refuses to serve us
    };
    ReturnCodes codes;
    Says says = Says::listed;
    std::optional<int> weight = {};  // above zero: against the client; nothing = the list's weight
    std::string_view words = {};     // for the log; static storage, may be empty
};

struct DnsListOptions {
    std::string zone;  // "zen.example.org", no dots at the ends
    // The name that clients and the log see instead of a zone with a key in it; empty = the zone.
    std::string shown_as = {};
    int weight = 10;                       // of a listing; subtracted if the list is a DNSWL
    bool allow = false;                    // a DNSWL
    std::vector<ReturnCodes> accept = {};  // empty = every 127/8 answer outside 127.255.255.0/24
    std::vector<CodeMeaning> codes = {};   // the first that contains an answer decides
    bool only_codes = false;               // an answer that none of `codes` contains is no opinion

    /// The most codes of a list that the configuration may name.
    static constexpr std::size_t codes_max = 64;
};

/// The list's name for readers who must not see the key that some zones begin with.
inline std::string_view shown_name(const DnsListOptions& list) {
    return list.shown_as.empty() ? list.zone : list.shown_as;
}

/// The name to ask for: "2.0.0.127.zone" or the 32 nibbles of an IPv6 address (RFC 5782 2.1, 2.4).
std::string query_name(const IpAddress& client, std::string_view zone);

enum class Listing : std::uint8_t { listed, not_listed, list_error };

struct ListOpinion {
    Listing listing = Listing::not_listed;
    // Set when listed; the signals refer to `list`. One signal covers all codes against the client, another
    // all codes in its favour. Each has the weight of its weightiest code, once, and names all its codes,
    // with their meanings where known: "127.0.0.2 (SBL),127.0.0.4 (XBL)".
    std::vector<Signal> signals = {};
    std::string error = {};  // the code that shows the list's error, with its meaning
};

/// Interprets the A records of query_name(); no records = not listed. One record that shows an error
/// outweighs all others.
ListOpinion interpret(const DnsListOptions& list, std::span<const IpAddress> answers);

}  // namespace sluice::policy
