// Keys that the configuration once had: an error about one names what has taken its place.
#pragma once

#include <string_view>

namespace sluice::app {

/// What to write instead of a key of this name; empty for one that there never was.
std::string_view instead_of(std::string_view name);

}  // namespace sluice::app
