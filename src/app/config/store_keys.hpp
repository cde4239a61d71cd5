// The rows of the store: `store` and [state].
#pragma once

#include <vector>

#include "app/config/config.hpp"
#include "app/config/key.hpp"

namespace sluice::app {

/// The rows in the order of the reference.
std::vector<Key<Config>> store_keys();

}  // namespace sluice::app
