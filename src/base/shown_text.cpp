#include "base/shown_text.hpp"

#include <algorithm>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace sluice {

namespace {

/// Whether the character may not be written as it is.
constexpr bool is_hidden(char32_t c) {
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/// The first character of a text, and its length.
struct Front {
    std::size_t octets = 1;
    char32_t character = 0;  // the octet's own number where it is no UTF-8
    bool is_character = true;
};

Front front_of(std::string_view text) {
    constexpr unsigned payload_bits = 6;
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t octets = utf8::sequence_octets(text);
    if (octets == 0) return {.octets = 1, .character = lead, .is_character = false};
    if (octets == 1) return {.octets = 1, .character = lead};
    auto character = static_cast<char32_t>(lead & (0x7fU >> octets));
    for (const char c : text.substr(1, octets - 1))
        character = (character << payload_bits) | (static_cast<unsigned char>(c) & 0x3fU);
    return {.octets = octets, .character = character};
}

/// Moves what needs no escape, and is none of `beside`, from the front of `text` to `out`.
void move_plain(std::string& out, std::string_view& text, std::string_view beside) {
    std::size_t plain = 0;
    while (plain < text.size()) {
        const char c = text[plain];
        if (!ascii::is_eight_bit(c)) {
            if (ascii::is_control(c) || beside.contains(c)) break;
            ++plain;
            continue;
        }
        const Front front = front_of(text.substr(plain));
        if (!front.is_character || is_hidden(front.character)) break;
        plain += front.octets;
    }
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
}

/// All that is hidden is below U+10000: four digits do.
void append_json_escape(std::string& out, char32_t character) {
    fmt::format_to(std::back_inserter(out), "\\u{:04X}", static_cast<unsigned>(character));
}

}  // namespace

std::string shown(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (;;) {
        move_plain(out, text, "\\");
        if (text.empty()) return out;
        const Front front = front_of(text);
        const auto number = static_cast<unsigned>(front.character);
        const auto to = std::back_inserter(out);
        if (front.character == U'\\')
            out += "\\\\";
        else if (number < 0x80 || !front.is_character)
            fmt::format_to(to, "\\x{:02x}", number);
        else
            fmt::format_to(to, "\\u{{{:x}}}", number);
        text.remove_prefix(front.octets);
    }
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (;;) {
        move_plain(out, text, "\"\\");
        if (text.empty()) break;
        const Front front = front_of(text);
        if (front.character == U'"' || front.character == U'\\')
            out.append(1, '\\').append(1, static_cast<char>(front.character));
        else
            append_json_escape(out, front.character);
        text.remove_prefix(front.octets);
    }
    out += '"';
}

std::string shown_json(std::string_view json) {
    std::string out;
    out.reserve(json.size());
    for (;;) {
        move_plain(out, json, {});
        if (json.empty()) return out;
        const Front front = front_of(json);
        append_json_escape(out, front.character);
        json.remove_prefix(front.octets);
    }
}

}  // namespace sluice
