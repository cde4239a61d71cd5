// The display of texts from others to people and programs: in the log, and by every command.
//
// Only this file knows the characters that must not be written as they are: those that control a terminal
// (C0, DEL, and U+0080 to U+009F, whose second octet alone controls some terminals), octets that are not
// UTF-8, those that end a line (U+2028, U+2029), and those that change the direction of writing (U+061C,
// U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069; "Trojan Source", CVE-2021-42574), which make one name
// look like another. Letters that merely look alike are not escaped.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

/// The text for people: such a character as "\u{202e}", such an octet as "\x9b", and a backslash as two.
/// Nothing else is changed, so the original can be told from what is shown.
std::string shown(std::string_view text);

/// Appends `text` as a JSON string (RFC 8259 7), quotes included. A parser gets back the original, except
/// that each octet which is not UTF-8 becomes the character of its number, U+0080 to U+00FF.
void append_json_string(std::string& out, std::string_view text);

/// The JSON of another writer, with such characters in its strings as \u escapes; its meaning is unchanged.
std::string shown_json(std::string_view json);

}  // namespace sluice
