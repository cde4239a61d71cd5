// MTA replies as strangers may read them: without the names and addresses of the machines behind us.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ip.hpp"

namespace sluice::relay {

/// What to take out, and what to put in its place.
struct Scrubbing {
    std::span<const std::string_view> hosts;  // the MTA's own names; ones without a dot are ordinary words
    std::string_view replacement;             // our host name
    std::optional<IpAddress> client;          // its own address is no secret to it
};

/// `text` with each of `hosts`, and each "host[10.0.0.1]", "[10.0.0.1]:10025" and the like, replaced.
/// Addresses in angle brackets keep their domain: "<user@[10.0.0.1]>" is what the client itself has said.
/// Everything else, enhanced codes and queue ids among it, stays.
std::string scrub(std::string_view text, const Scrubbing& scrubbing);

}  // namespace sluice::relay
