// The table of known DNS lists (policy/known_lists.hpp), for a terminal and for the guide. Pure.
#pragma once

#include <string>

namespace sluice::app {

/// The output of `sluice lists`.
std::string known_lists_text();
/// The text of docs/guide/lists.md.
std::string known_lists_guide();

}  // namespace sluice::app
