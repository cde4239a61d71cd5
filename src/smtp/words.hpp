// How a command line falls into words: at spaces and tabs.
//
// RFC 5321 4.1.1 writes spaces only. Postfix takes a tab for one, and senders that indent with tabs are not
// to be refused for it. Other control characters are no blanks: a line that holds one is refused before it is
// cut.
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

/// The words of `text`, one space between each two.
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
