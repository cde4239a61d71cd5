// The meaning of message content, written as plainly as possible: the reference for the DATA and BDAT codec.
//
// It works on whole strings and in several passes, where the codec works on parts in a single pass, so that a
// mistake in one is not a mistake in the other.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::fuzz {

/// The number of octets up to and including CRLF "." CRLF, where a CRLF is assumed before the input; npos
/// when it never comes.
inline std::size_t end_of_data(std::string_view input) {
    const std::size_t found = ("\r\n" + std::string(input)).find("\r\n.\r\n");
    return found == std::string::npos ? found : found + 3;
}

inline bool has_bare_newline(std::string_view content) {
    for (std::size_t i = 0; i < content.size(); ++i) {
        if (content[i] == '\0') return true;
        if (content[i] == '\r' && (i + 1 == content.size() || content[i + 1] != '\n')) return true;
        if (content[i] == '\n' && (i == 0 || content[i - 1] != '\r')) return true;
    }
    return false;
}

/// Removes the dot at the start of each line that follows a CRLF.
inline std::string unstuffed(std::string_view content) {
    std::string out;
    for (std::size_t i = 0; i < content.size(); ++i) {
        const bool line_start = i == 0 || (i >= 2 && content.substr(i - 2, 2) == "\r\n");
        if (!line_start || content[i] != '.') out += content[i];
    }
    return out;
}

/// Converts bare CR and bare LF to CRLF, and drops NUL.
inline std::string normalised(std::string_view content) {
    std::string out;
    for (std::size_t i = 0; i < content.size(); ++i) {
        if (content.substr(i, 2) == "\r\n") ++i;
        if (content[i] == '\r' || content[i] == '\n') {
            out += "\r\n";
        } else if (content[i] != '\0') {
            out += content[i];
        }
    }
    return out;
}

inline std::string stuffed(std::string_view content) {
    std::string out;
    for (std::size_t i = 0; i < content.size(); ++i) {
        if (content[i] == '.' && (i == 0 || content[i - 1] == '\n')) out += '.';
        out += content[i];
    }
    return out;
}

inline std::string with_final_crlf(std::string content) {
    if (!content.empty() && !content.ends_with("\r\n")) content += "\r\n";
    return content;
}

/// True: an MTA would read `wire` as one message, whichever newlines it accepts.
inline bool is_safe_wire(std::string_view wire) {
    if (has_bare_newline(wire)) return false;
    return wire.empty() ||
           (wire.ends_with("\r\n") && ("\n" + std::string(wire)).find("\n.\r") == std::string::npos);
}

}  // namespace sluice::fuzz
