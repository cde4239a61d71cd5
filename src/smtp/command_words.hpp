// The words of a command line as Postfix's smtpd splits it, before it parses the words.
//
// The rules were found by raw sessions with smtpd 3.7.11 (tests/e2e/test_hostile_names.py checks them):
// blanks separate words, but not within "…" or <…>, nor behind a '\'. A quote or bracket that nothing closes
// reaches to the end of the line. Quotes may stand within brackets, and brackets within brackets; within
// quotes only '\' and the next '"' have a meaning. All marks stay in the word. Parentheses and square
// brackets are no marks.
//
// This is for code that has to understand a command as Postfix does: `sluice sink`, and the simulator's MTA.
// Clients' commands are parsed by our own grammar (smtp/path.hpp, smtp/parameters.hpp); addresses that are
// sent on are checked against these rules once more.
#pragma once

#include <string_view>
#include <vector>

namespace sluice::smtp {

/// The words are views into `line`.
std::vector<std::string_view> command_words(std::string_view line);

/// Whether a path with its brackets ("<user@example.org>") ends exactly at its last octet.
bool is_one_path(std::string_view path);

}  // namespace sluice::smtp
