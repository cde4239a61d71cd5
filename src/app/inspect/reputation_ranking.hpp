// The worst and the best of all remembered reputations.
#pragma once

#include <cstddef>
#include <string>

#include "app/inspect/store_session.hpp"
#include "policy/reputation.hpp"
#include "store/operation.hpp"

namespace sluice::app {

policy::Evidence evidence_in(const store::Outcome& outcome);

/// "bad 92 % (82 to 100)".
std::string belief_text(const policy::Standing& standing);

/// Prints the `count` worst and the `count` best.
void show_extremes(StoreSession& session, std::size_t count);

}  // namespace sluice::app
