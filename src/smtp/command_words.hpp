// A command line as Postfix's smtpd splits it into words, before anything else is made of it.
//
// Found out from smtpd 3.7.11 by raw sessions (tests/e2e/test_hostile_names.py holds it to that): blanks
// part words, but not within "…" or <…>, and not behind a '\'. A quote or bracket that nothing closes
// reaches to the end of the line. Quotes may stand within brackets and brackets within brackets; within
// quotes only '\' and the next '"' mean anything. All marks stay in the word. Parentheses and square
// brackets are no marks.
//
// This is for those who have to understand a command as that peer does: `sluice sink`, and the simulator's
// MTA. What clients say is read by our own grammar (smtp/path.hpp, smtp/parameters.hpp); addresses that are
// sent on are held against this once more.
#pragma once

#include <string_view>
#include <vector>

namespace sluice::smtp {

/// Views into `line`.
std::vector<std::string_view> command_words(std::string_view line);

/// Whether a path with its brackets ("<user@example.org>") ends where its last octet is, neither before nor
/// behind.
bool is_one_path(std::string_view path);

}  // namespace sluice::smtp
