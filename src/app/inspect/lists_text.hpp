// The table of known DNS lists (policy/known_lists.hpp), for a terminal and for the guide. Pure.
#pragma once

#include <string>

namespace sluice::app {

/// What `sluice lists` prints.
std::string known_lists_text();
/// docs/guide/lists.md.
std::string known_lists_guide();

}  // namespace sluice::app
