// Greylisting: a suspect that has not been seen before is asked to come again in a while, which a mail server
// does and most bots do not. No I/O.
//
// What is remembered is not an address but an origin and the sender's domain: large senders retry from
// another address of their pool. The origin is the domain of the client's name, where the name is confirmed
// and does not look as if it belonged to somebody's line; else the network, /24 or /64.
//
// Only the same letter again, by its sender and a recipient, is a retry: bots of one network take the same
// domains in vain, and the next one's spam is not the last one's second attempt. Once a letter has come
// again, everything of that origin and domain passes.
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
    int suspect_from = 3;           // the score of a suspect that is not slow; 0 = only who is slow is one
    Seconds delay{60};              // before a retry counts
    Seconds retry_within{172'800};  // after the first attempt; later it is a first one again
    Seconds keep{3'024'000};        // who has passed, since the last time
    unsigned allow_after = 5;       // passes of an origin, until it is asked no more; 0 = never
};

/// `name` is the confirmed one, or empty; `dynamic` when it looks like that of somebody's line.
std::string greylist_origin(const IpAddress& client, std::string_view name, bool dynamic);

/// The sender's domain in lower case; empty for bounces.
std::string greylist_domain(std::string_view sender);

/// The part of a domain that is registered: "example.org", "example.co.uk". A guess without a list of all
/// registries: a second level of at most three letters below a country is taken for one.
std::string_view registered_domain(std::string_view name);

/// What a letter and its sender are known by.
struct GreylistName {
    std::string origin;
    std::string domain;  // of the sender
    std::string letter;  // sixteen hexadecimal digits
};

/// `name` is the client's, as for greylist_origin().
GreylistName greylist_name(const IpAddress& client, std::string_view name, std::string_view sender,
                           std::string_view recipient);

/// Whether a stranger in this lane and with this score is asked to come again.
bool is_greylisted(const GreylistOptions& options, Lane lane, int score);

/// What is known when a recipient is named.
struct GreylistFacts {
    std::optional<Seconds> first_seen = {};  // how long ago this letter came for the first time
    bool passed = false;                     // a letter of this origin and domain has come again
    double passes = 0;                       // of the origin, of late
};

struct GreylistAnswer {
    enum class What : std::uint8_t { pass, wait } what = What::pass;
    bool newly = false;  // it passes for the first time: to be remembered
    Seconds wait{0};     // before a retry will pass
};
GreylistAnswer greylist(const GreylistFacts& facts, const GreylistOptions& options);

}  // namespace sluice::policy
