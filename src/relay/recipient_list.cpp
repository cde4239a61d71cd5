#include "relay/recipient_list.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace sluice::relay {

namespace {

std::string_view trimmed(std::string_view line) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!line.empty() && blank(line.front()))
        line.remove_prefix(1);
    while (!line.empty() && blank(line.back()))
        line.remove_suffix(1);
    return line;
}

std::string_view without_comment(std::string_view line) {
    if (line.starts_with('#')) return {};
    for (std::size_t at = 1; at < line.size(); ++at) {
        if (line[at] == '#' && (line[at - 1] == ' ' || line[at - 1] == '\t')) return line.substr(0, at);
    }
    return line;
}

}  // namespace

RecipientList RecipientList::parse(std::string_view text) {
    RecipientList list;
    while (!text.empty()) {
        const std::size_t newline = std::min(text.find('\n'), text.size());
        const std::string_view entry = trimmed(without_comment(trimmed(text.substr(0, newline))));
        text.remove_prefix(std::min(newline + 1, text.size()));
        if (entry.empty()) continue;
        const std::size_t at = entry.rfind('@');
        if (at == std::string_view::npos || at + 1 == entry.size() ||
            entry.find_first_of(" \t") != std::string_view::npos) {
            ++list.lines_skipped_;
            continue;
        }
        list.entries_.insert(ascii::to_lower(entry));
    }
    return list;
}

bool RecipientList::contains(std::string_view address) const {
    if (ascii::equal(address, "postmaster")) return true;
    const std::string folded = ascii::to_lower(address);
    if (entries_.contains(folded)) return true;
    const std::size_t at = folded.rfind('@');
    return at != std::string::npos && entries_.contains(folded.substr(at));
}

}  // namespace sluice::relay
