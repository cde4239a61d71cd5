#include "policy/trap_recipients.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace sluice::policy {

bool TrapRecipients::add(std::string_view entry) {
    const auto at = entry.rfind('@');
    if (at == std::string_view::npos || at + 1 == entry.size()) return false;
    const auto odd = [](char c) { return c == ' ' || c == '<' || c == '>' || ascii::is_control(c); };
    if (std::ranges::any_of(entry, odd)) return false;
    entries_.insert(ascii::to_lower(entry));
    return true;
}

bool TrapRecipients::contains(std::string_view address) const {
    if (entries_.empty()) return false;
    const std::string lowered = ascii::to_lower(address);
    if (entries_.contains(lowered)) return true;
    const auto at = lowered.rfind('@');
    return at != std::string::npos && entries_.contains(lowered.substr(at));
}

}  // namespace sluice::policy
