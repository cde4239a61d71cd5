// Quotes one word for a shell.
#pragma once

#include <string>
#include <string_view>

namespace sluice::app {

/// The text in single quotes, so that sh takes every octet literally. It must not contain NUL.
inline std::string shell_word(std::string_view text) {
    std::string word = "'";
    for (const char c : text)
        if (c == '\'')
            word += "'\\''";
        else
            word += c;
    return word + "'";
}

}  // namespace sluice::app
