#include "relay/answer_class.hpp"

#include <algorithm>
#include <array>
#include <string_view>

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

}  // namespace sluice::relay
