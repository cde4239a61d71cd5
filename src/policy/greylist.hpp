// Greylisting: a suspect that has not been seen before is asked to come again in a while, as a mail server
// does and most bots do not. No I/O.
//
// The memory does not keep an address but an origin and the sender's domain, since large senders retry from
// another address of their pool. The origin is the domain of the client's name, if the name is confirmed and
// does not look like that of a dynamic address; else it is the network, /24 or /64.
//
// Only the same letter, by its sender and a recipient, counts as a retry: bots of one network forge the same
// domains, and the spam of one bot is no second attempt of another's. Once a letter has come again,
// everything of that origin and domain passes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "base/time.hpp"
#include "policy/verdict.hpp"

namespace sluice::policy {

enum class GreylistWho : std::uint8_t { nobody, suspects, all };

struct GreylistOptions {
    GreylistWho who = GreylistWho::suspects;
    int suspect_from = 3;           // the score from which a client that is not slow is a suspect; 0 = none
    Seconds delay{60};              // an earlier retry does not count
    Seconds retry_within{172'800};  // after the first attempt; a later one counts as the first again
    Seconds keep{3'024'000};        // how long a pass is remembered since the greylist last gave it
    unsigned allow_after = 5;       // passes after which an origin passes altogether; 0 = never
};

/// `name` is the confirmed name, or empty; `dynamic`: the name looks like that of a dynamic address.
std::string greylist_origin(const IpAddress& client, std::string_view name, bool dynamic);

/// The sender's domain in lower case; empty for bounces.
std::string greylist_domain(std::string_view sender);

/// The registered part of a domain: "example.org", "example.co.uk". This is a guess without a list of all
/// registries: a second-level label of at most three letters below a country counts as a registry.
std::string_view registered_domain(std::string_view name);

/// The key under which a letter and its sender are remembered.
struct GreylistName {
    std::string origin;
    std::string domain;  // of the sender
    std::string letter;  // sixteen hexadecimal digits
};

/// `name` is the client's confirmed name, as for greylist_origin().
GreylistName greylist_name(const IpAddress& client, std::string_view name, std::string_view sender,
                           std::string_view recipient);

/// Whether a stranger in this lane and with this score is asked to come again.
bool is_greylisted(const GreylistOptions& options, Lane lane, int score);

/// The facts known when a recipient is named.
struct GreylistFacts {
    std::optional<Seconds> first_seen = {};  // the age of this letter's first attempt
    bool passed = false;                     // a letter of this origin and domain has come again
    Seconds passed_ago{0};                   // since that was remembered, or renewed
    double passes = 0;                       // of the origin, recently
};

struct GreylistAnswer {
    enum class What : std::uint8_t { pass, wait } what = What::pass;
    bool newly = false;  // the first pass, which must be remembered
    bool renew = false;  // a later one, and time to remember it anew: GreylistOptions::keep begins again
    Seconds wait{0};     // before a retry will pass
};
GreylistAnswer greylist(const GreylistFacts& facts, const GreylistOptions& options);

}  // namespace sluice::policy
