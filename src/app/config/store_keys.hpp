// The rows of what is remembered: store and [state].
#pragma once

#include <vector>

#include "app/config/config.hpp"
#include "app/config/key.hpp"

namespace sluice::app {

/// In the order of the reference.
std::vector<Key<Config>> store_keys();

}  // namespace sluice::app
