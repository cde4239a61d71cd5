#include "relay/answer_class.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/ascii.hpp"

namespace sluice::relay {

bool says_known(const smtp::Reply& reply) {
    return reply.code == 250;
}

bool says_unknown(const smtp::Reply& reply) {
    static constexpr std::array codes{550, 551, 553, 556};
    static constexpr std::array<std::string_view, 5> enhanced{"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"};
    return std::ranges::find(codes, reply.code) != codes.end() &&
           std::ranges::find(enhanced, smtp::enhanced_code(reply.text)) != enhanced.end();
}

bool says_too_many(const smtp::Reply& reply) {
    if (reply.code != 452 && reply.code != 552) return false;
    const std::string_view enhanced = smtp::enhanced_code(reply.text);
    if (!enhanced.empty()) return enhanced == "4.5.3" || enhanced == "5.5.3";
    static constexpr std::string_view words = "too many recipients";
    return ascii::to_lower(reply.text).find(words) != std::string::npos;
}

std::optional<std::size_t> taken_before_too_many(std::span<const smtp::Reply> replies) {
    const auto at = std::ranges::find_if(replies, says_too_many);
    if (at == replies.end()) return std::nullopt;
    return static_cast<std::size_t>(std::ranges::count_if(replies.begin(), at, &smtp::Reply::positive));
}

}  // namespace sluice::relay
