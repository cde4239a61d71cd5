// The bound of the check of the client's names (client_name_check.cpp).
#pragma once

#include <cstddef>

namespace sluice::judge {

/// The number of a client's PTR names that are looked at.
inline constexpr std::size_t client_names_max = 5;

}  // namespace sluice::judge
