// The name under which the greylist remembers a transaction (greylist_check.cpp).
#pragma once

#include "judge/case.hpp"
#include "policy/greylist.hpp"

namespace sluice::judge {

/// The name is that of the transaction with the recipient in question.
policy::GreylistName greylist_name(const Case& of);

}  // namespace sluice::judge
