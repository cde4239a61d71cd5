#include "smtp/command_words.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

namespace sluice::smtp {

namespace {

bool is_blank(char c) {
    return std::string_view(" \t\n\v\f\r").contains(c);
}

/// The offset behind the mark that closes the one at `line[at]`; beyond the line when none closes it.
std::size_t closing(std::string_view line, std::size_t at) {
    std::string awaited(1, line[at] == '<' ? '>' : '"');
    for (++at; at < line.size(); ++at) {
        if (line[at] == '\\') {
            ++at;
        } else if (line[at] == awaited.back()) {
            awaited.pop_back();
            if (awaited.empty()) return at + 1;
        } else if (line[at] == '"') {
            awaited += '"';
        } else if (line[at] == '<' && awaited.back() == '>') {
            awaited += '>';
        }
    }
    return line.size() + 1;
}

}  // namespace

bool is_one_path(std::string_view path) {
    return path.starts_with('<') && path.ends_with('>') && closing(path, 0) == path.size();
}

std::vector<std::string_view> command_words(std::string_view line) {
    std::vector<std::string_view> words;
    std::size_t at = 0;
    while (true) {
        while (at < line.size() && is_blank(line[at]))
            ++at;
        if (at >= line.size()) return words;
        const std::size_t begin = at;
        while (at < line.size() && !is_blank(line[at])) {
            if (line[at] == '"' || line[at] == '<') {
                at = std::min(closing(line, at), line.size());
            } else {
                at += line[at] == '\\' ? 2 : 1;
            }
        }
        at = std::min(at, line.size());
        words.push_back(line.substr(begin, at - begin));
    }
}

}  // namespace sluice::smtp
