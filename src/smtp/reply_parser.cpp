#include "smtp/reply_parser.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace sluice::smtp {

namespace {

/// The code that a line begins with, if a space, a hyphen or nothing follows it; else 0. Any second digit is
/// accepted, as in Postfix's client, although RFC 5321 4.2 allows 0 to 5 only.
int code_of(std::string_view line) {
    if (line.size() < 3 || line[0] < '2' || line[0] > '5') return 0;
    if (!ascii::is_digit(line[1]) || !ascii::is_digit(line[2])) return 0;
    if (line.size() > 3 && line[3] != ' ' && line[3] != '-') return 0;
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

}  // namespace

ReplyParser::Result ReplyParser::next(std::string_view& input) {
    if (failure_ != Result::more) return failure_;
    while (!input.empty()) {
        const std::size_t newline = input.find('\n');
        const std::size_t octets = newline == std::string_view::npos ? input.size() : newline + 1;
        if (line_.size() + octets > line_octets_max) return fail(Result::too_long);
        std::string_view line = input.substr(0, octets);
        input.remove_prefix(octets);
        if (newline == std::string_view::npos || !line_.empty()) {
            line_ += line;
            if (newline == std::string_view::npos) break;
            line = line_;
        }
        line.remove_suffix(1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        const Result result = take_line(line);
        line_.clear();
        if (result != Result::more) return result;
    }
    return Result::more;
}

ReplyParser::Result ReplyParser::take_line(std::string_view line) {
    const int code = code_of(line);
    if (code == 0 || (lines_ != 0 && code != reply_.code)) {
        reply_ = {.code = 0, .text = std::string(line)};
        return fail(Result::malformed);
    }
    if (lines_ == lines_max) return fail(Result::too_long);
    const bool last = line.size() == 3 || line[3] == ' ';
    const std::string_view text = line.substr(std::min<std::size_t>(line.size(), 4));
    reply_.code = code;
    if (lines_ == 0) {
        reply_.text = text;
    } else {
        reply_.text += '\n';
        reply_.text += text;
    }
    lines_ = last ? 0 : lines_ + 1;
    return last ? Result::reply : Result::more;
}

ReplyParser::Result ReplyParser::fail(Result result) {
    failure_ = result;
    return result;
}

}  // namespace sluice::smtp
