#include "app/check/finding.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <string_view>

namespace sluice::app {

namespace {

constexpr std::size_t label_width = 10;
constexpr std::size_t text_width = 100;

std::string_view label_of(Severity severity) {
    switch (severity) {
        case Severity::hurts: return "ERROR";
        case Severity::advice: return "WARNING";
        case Severity::off: return "off";
        case Severity::fine: return "ok";
    }
    return {};
}

/// Takes as many words as fit one line. A longer word gets a line of its own: it may be a list to copy.
std::string_view take_line(std::string_view& text) {
    std::size_t end = text.size();
    if (end > text_width) {
        end = text.rfind(' ', text_width);
        if (end == std::string_view::npos) end = std::min(text.find(' '), text.size());
    }
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    return line;
}

}  // namespace

void add(Findings& findings, Findings more) {
    std::ranges::move(more, std::back_inserter(findings));
}

std::string findings_text(std::span<const Finding> findings) {
    std::vector<const Finding*> sorted;
    sorted.reserve(findings.size());
    for (const Finding& finding : findings)
        sorted.push_back(&finding);
    std::ranges::stable_sort(sorted, {}, [](const Finding* finding) { return finding->severity; });
    std::string out;
    for (const Finding* finding : sorted) {
        std::string_view label = label_of(finding->severity);
        std::string_view text = finding->text;
        while (!text.empty()) {
            out += fmt::format("  {:<{}}{}\n", label, label_width, take_line(text));
            label = {};
        }
    }
    return out;
}

bool any_hurts(std::span<const Finding> findings) {
    return std::ranges::any_of(findings,
                               [](const Finding& finding) { return finding.severity == Severity::hurts; });
}

}  // namespace sluice::app
