#include "policy/act.hpp"

#include <algorithm>
#include <utility>

namespace sluice::policy {

namespace {

/// Takes the first word off the front of `text`.
std::string_view take_word(std::string_view& text) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

}  // namespace

std::string to_text(const Act& act) {
    std::string who = act.who.empty() ? "-" : act.who;
    std::ranges::replace(who, ' ', '_');
    std::string text = std::string(name_of(act.lane)) + ' ' + who;
    if (!act.why.empty()) text += ' ' + act.why;
    std::ranges::replace_if(text, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
    return text;
}

std::optional<Act> parse_act(std::string_view text) {
    const auto lane = lane_named(take_word(text));
    const std::string_view who = take_word(text);
    if (!lane || who.empty()) return std::nullopt;
    return Act{.lane = *lane, .who = std::string(who), .why = std::string(text)};
}

}  // namespace sluice::policy
