// The operations of greylisting: has this letter been here before, or another one of this origin and sender's
// domain come again? Pure.
#pragma once

#include <string>
#include <string_view>

#include "policy/greylist.hpp"
#include "store/operation.hpp"

namespace sluice::store {

/// Changes nothing. An empty domain is that of bounces.
Operations greylist_question(const policy::GreylistOptions& options, const policy::GreylistName& name);
policy::GreylistFacts read_greylist(const Outcomes& outcomes);

/// The letter was asked to come again; the first time is what counts.
Operations greylist_waits(const policy::GreylistOptions& options, const policy::GreylistName& name);

/// It has come again, as was asked of it.
Operations greylist_passed(const policy::GreylistOptions& options, const policy::GreylistName& name);

}  // namespace sluice::store
