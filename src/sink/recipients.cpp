#include "sink/recipients.hpp"

#include "base/ascii.hpp"

namespace sluice::sink {

Recipients::Recipients(std::string_view text) : everybody_(false) {
    constexpr std::string_view blanks = " \t\r";
    while (!text.empty()) {
        const auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        line = line.substr(0, line.find('#'));
        const auto first = line.find_first_not_of(blanks);
        if (first == std::string_view::npos) continue;
        entries_.insert(ascii::to_lower(line.substr(first, line.find_last_not_of(blanks) + 1 - first)));
    }
}

bool Recipients::contains(std::string_view address) const {
    if (everybody_) return true;
    const std::string lowered = ascii::to_lower(address);
    const auto at = lowered.rfind('@');
    if (std::string_view(lowered).substr(0, at) == "postmaster") return true;
    if (entries_.contains(lowered)) return true;
    return at != std::string::npos && entries_.contains(lowered.substr(at));
}

}  // namespace sluice::sink
