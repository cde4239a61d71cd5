#include "policy/departure.hpp"

#include <chrono>

namespace sluice::policy {

std::vector<BotSignature> known_bots() {
    return {{"rustock", Seconds{21}, Seconds{1}}, {"climbot", Seconds{100}, Seconds{2}}};
}

std::string_view bot_that_left_after(Millis lasted, std::span<const BotSignature> table) {
    std::string_view nearest;
    Millis least = Millis::max();
    for (const BotSignature& bot : table) {
        const Millis apart = std::chrono::abs(lasted - Millis{bot.after});
        if (apart > bot.tolerance || apart >= least) continue;
        least = apart;
        nearest = bot.name;
    }
    return nearest;
}

bool leaving_proves_impatience(const Leaving& leaving) {
    if (!leaving.awaited_reply || leaving.put_off || leaving.delivered) return false;
    return sender_lost_by(leaving.wait) == nullptr;
}

}  // namespace sluice::policy
