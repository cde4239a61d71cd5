// US-ASCII as protocols see it: no locale, no sign trouble, usable at compile time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::ascii {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
constexpr bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
constexpr bool is_alpha(char c) {
    return is_upper(c) || is_lower(c);
}
constexpr bool is_alnum(char c) {
    return is_alpha(c) || is_digit(c);
}
/// Whether the octet is 0x00 to 0x1f, or 0x7f.
constexpr bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
/// Whether the octet is outside US-ASCII.
constexpr bool is_eight_bit(char c) {
    return static_cast<unsigned char>(c) >= 0x80;
}
/// Whether the octet is 0x21 to 0x7e: printable and not a space.
constexpr bool is_graphic(char c) {
    return c > 0x20 && c < 0x7f;
}

constexpr char to_lower(char c) {
    return is_upper(c) ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr char to_upper(char c) {
    return is_lower(c) ? static_cast<char>(c - ('a' - 'A')) : c;
}

inline std::string to_lower(std::string_view text) {
    std::string lowered(text);
    for (char& c : lowered)
        c = to_lower(c);
    return lowered;
}

/// Whether two texts are equal, ignoring the case of A to Z.
constexpr bool equal(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (to_lower(a[i]) != to_lower(b[i])) return false;
    }
    return true;
}

constexpr bool starts_with(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() && equal(text.substr(0, prefix.size()), prefix);
}

/// `text` without the spaces (and only spaces) at its front.
constexpr std::string_view skip_spaces(std::string_view text) {
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    return text;
}

/// `text` without the spaces and tabs at its end.
constexpr std::string_view drop_trailing_blanks(std::string_view text) {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

/// The value of a hexadecimal digit of either case, -1 for anything else.
constexpr int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    const char lowered = to_lower(c);
    return lowered >= 'a' && lowered <= 'f' ? lowered - 'a' + 10 : -1;
}

/// The octet that two hexadecimal digits stand for; -1 for anything else.
constexpr int hex_octet(std::string_view two) {
    if (two.size() != 2) return -1;
    const int high = hex_value(two[0]);
    const int low = hex_value(two[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

inline constexpr std::string_view hex_digits = "0123456789ABCDEF";

}  // namespace sluice::ascii
