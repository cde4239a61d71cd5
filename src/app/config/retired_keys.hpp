// Former configuration keys: an error about one says what replaces it.
#pragma once

#include <string_view>

namespace sluice::app {

/// The replacement for a former key; empty for a name that never was a key.
std::string_view instead_of(std::string_view name);

}  // namespace sluice::app
