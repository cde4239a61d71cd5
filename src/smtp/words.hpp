// The words of a command line, which are separated by spaces and tabs.
//
// RFC 5321 4.1.1 has spaces only. Postfix accepts a tab for one, and senders that use tabs must not be
// refused for it. Other control characters are no blanks: a line that contains one is refused before it is
// split.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::smtp {

constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/// `text` up to its first blank.
constexpr std::string_view first_word(std::string_view text) {
    return text.substr(0, text.find_first_of(" \t"));
}

/// `text` without the blanks at its front.
constexpr std::string_view skip_blanks(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text;
}

/// The words of `text`, separated by single spaces.
inline std::string with_single_spaces(std::string_view text) {
    std::string words;
    words.reserve(text.size());
    for (text = skip_blanks(text); !text.empty(); text = skip_blanks(text)) {
        const std::string_view word = first_word(text);
        text.remove_prefix(word.size());
        if (!words.empty()) words += ' ';
        words += word;
    }
    return words;
}

}  // namespace sluice::smtp
