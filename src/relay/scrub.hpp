// Makes MTA replies fit for strangers: removes the names and addresses of the machines behind Sluice.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ip.hpp"

namespace sluice::relay {

/// The names to remove from a reply, and their replacement.
struct Scrubbing {
    std::span<const std::string_view> hosts;  // the MTA's own names; those without a dot are ordinary words
    std::string_view replacement;             // our host name
    std::optional<IpAddress> client;          // its own address is no secret from it
};

/// Returns `text` with each of `hosts`, and each "host[10.0.0.1]", "[10.0.0.1]:10025" and the like, replaced.
/// Addresses in angle brackets keep their domain: in "<user@[10.0.0.1]>" it is what the client itself has
/// said. Everything else stays, including enhanced codes and queue ids.
std::string scrub(std::string_view text, const Scrubbing& scrubbing);

}  // namespace sluice::relay
