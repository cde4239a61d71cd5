#include "smtp/reply.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "base/ascii.hpp"

namespace sluice::smtp {

namespace {

constexpr std::size_t line_octets_max = 512;                      // with CRLF, RFC 5321 4.5.3.1.5
constexpr std::size_t text_octets_max = line_octets_max - 4 - 2;  // without "250 " and CRLF

/// The length in octets of a "." and 1 to 3 digits at `line[at]`, or 0.
std::size_t dotted_number_octets(std::string_view line, std::size_t at) {
    if (at >= line.size() || line[at] != '.') return 0;
    std::size_t digits = 0;
    while (digits < 3 && at + 1 + digits < line.size() && ascii::is_digit(line[at + 1 + digits]))
        ++digits;
    return digits == 0 ? 0 : 1 + digits;
}

}  // namespace

std::string_view enhanced_code(std::string_view line) {
    if (line.empty() || (line[0] != '2' && line[0] != '4' && line[0] != '5')) return {};
    const std::size_t subject = dotted_number_octets(line, 1);
    const std::size_t detail = subject == 0 ? 0 : dotted_number_octets(line, 1 + subject);
    const std::size_t size = 1 + subject + detail;
    if (detail == 0 || (size < line.size() && line[size] != ' ')) return {};
    return line.substr(0, size);
}

void append_wire(const Reply& reply, bool enhanced, std::string& out) {
    if (reply.code == 0) return;
    assert(reply.code >= 100 && reply.code <= 999);
    const char code[] = {static_cast<char>('0' + reply.code / 100),
                         static_cast<char>('0' + reply.code / 10 % 10),
                         static_cast<char>('0' + reply.code % 10)};
    std::string_view rest = reply.text;
    for (bool last = false; !last;) {
        const std::size_t newline = rest.find('\n');
        last = newline == std::string_view::npos;
        std::string_view line = rest.substr(0, newline);
        if (!last) rest.remove_prefix(newline + 1);
        if (!enhanced) line = ascii::skip_spaces(line.substr(enhanced_code(line).size()));
        line = line.substr(0, text_octets_max);

        out.append(code, sizeof code);
        out += last ? ' ' : '-';
        const std::size_t text_at = out.size();
        out += line;
        std::replace_if(
            out.begin() + static_cast<std::ptrdiff_t>(text_at), out.end(),
            [](char c) { return ascii::is_control(c) && c != '\t'; }, '?');
        out += "\r\n";
    }
}

}  // namespace sluice::smtp
