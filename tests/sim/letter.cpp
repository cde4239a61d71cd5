#include "sim/letter.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace sluice::sim {

namespace {

std::string make_line(Dice& dice) {
    switch (dice.below(12)) {
        case 0: return "";
        case 1: return ".";
        case 2: return "..";
        case 3: return ". leading dot";
        case 4: return std::string(998, 'x');
        case 5: return "\xe4\xf6\xfc 8-bit";
        case 6: return "MAIL FROM:<evil@example.org>";
        default: return std::string(dice.below(78), static_cast<char>('a' + dice.below(26)));
    }
}

}  // namespace

std::string make_content(Dice& dice, std::size_t attempt, std::size_t octets) {
    std::string content = fmt::format("X-Attempt: {}\r\nSubject: {:x}\r\nMessage-ID: <{}@sim>\r\n\r\n",
                                      attempt, dice.next(), attempt);
    content.reserve(octets + 1024);
    while (content.size() < octets)
        content += make_line(dice) += "\r\n";
    return content;
}

void add_bare_newline(Dice& dice, std::string& content) {
    static constexpr std::string_view tricks[] = {"x\n.\nx", "x\r.\rx", "x\n.\r\nx", "x\r\r\nx", "\n\nx"};
    const std::size_t body = content.find("\r\n\r\n") + 4;
    // Inserted between lines, so that it splits no CRLF.
    std::size_t at = body + dice.below(content.size() - body + 1);
    at = std::min(content.find('\n', at - 1), content.size() - 1) + 1;
    content.insert(at, std::string(dice.pick(tricks)) + "\r\n");
}

std::string normalised(std::string_view content) {
    std::string out;
    for (std::size_t i = 0; i < content.size(); ++i) {
        const bool crlf = content[i] == '\r' && i + 1 < content.size() && content[i + 1] == '\n';
        if (content[i] != '\r' && content[i] != '\n') {
            out += content[i];
            continue;
        }
        out += "\r\n";
        if (crlf) ++i;
    }
    return out;
}

std::string stuffed(std::string_view content) {
    std::string out;
    out.reserve(content.size() + content.size() / 16);
    while (!content.empty()) {
        const std::size_t end = std::min(content.find("\r\n"), content.size() - 2) + 2;
        if (content.front() == '.') out += '.';
        out += content.substr(0, end);
        content.remove_prefix(end);
    }
    return out += ".\r\n";
}

std::string unstuffed(std::string_view wire) {
    std::string out;
    out.reserve(wire.size());
    while (!wire.empty()) {
        if (wire.front() == '.') wire.remove_prefix(1);
        const std::size_t end = std::min(wire.find("\r\n"), wire.size() - 2) + 2;
        out += wire.substr(0, end);
        wire.remove_prefix(end);
    }
    return out;
}

}  // namespace sluice::sim
