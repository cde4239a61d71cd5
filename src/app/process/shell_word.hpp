// One word for a shell.
#pragma once

#include <string>
#include <string_view>

namespace sluice::app {

/// The text between single quotes, so that sh takes every octet as it is. It must have no NUL.
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
