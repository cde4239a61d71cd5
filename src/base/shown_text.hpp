// Texts that others have sent, as people and programs get to see them: in the log, and from every command.
//
// The one place that knows what may not be written as it is: what a terminal obeys (C0, DEL, and U+0080 to
// U+009F, whose second octet alone some terminals obey), what is no UTF-8, what ends a line (U+2028, U+2029),
// and what turns the direction of writing (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069;
// "Trojan Source", CVE-2021-42574), by which one name is read as another. Letters that only look like others
// are not its affair.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

/// For people: such a character as "\u{202e}", such an octet as "\x9b", and a backslash as two. Nothing else
/// is changed, so that what was sent can be told from what is shown.
std::string shown(std::string_view text);

/// Appends `text` as a JSON string (RFC 8259 7), quotes included. A reader gets back what was sent, but for
/// octets that are no UTF-8: each comes back as the character of its number, U+0080 to U+00FF.
void append_json_string(std::string& out, std::string_view text);

/// JSON that was written by somebody else, with such characters in its strings as \u escapes: it means the
/// same.
std::string shown_json(std::string_view json);

}  // namespace sluice
