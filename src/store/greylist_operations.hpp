// The operations of greylisting: has this origin, with this sender's domain, been here before? Pure.
#pragma once

#include <string>
#include <string_view>

#include "policy/greylist.hpp"
#include "store/operation.hpp"

namespace sluice::store {

/// Asks, and remembers that they are here now if they never were. An empty domain is that of bounces.
Operations greylist_question(const policy::GreylistOptions& options, std::string_view origin,
                             std::string_view domain);
policy::GreylistFacts read_greylist(const Outcomes& outcomes);

/// They have come again, as was asked of them.
Operations greylist_passed(const policy::GreylistOptions& options, std::string_view origin,
                           std::string_view domain);

}  // namespace sluice::store
