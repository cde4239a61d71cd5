#include "front/untold_deliveries.hpp"

#include <algorithm>

namespace sluice::front {

namespace {

constexpr std::string_view under_way = "under way";
constexpr std::string_view positive = "250 ";
constexpr std::size_t text_octets_max = 506;  // with code, blank and CRLF the 512 of RFC 5321 4.5.3.1.5

bool is_plain(std::string_view text) {
    return text.size() <= text_octets_max &&
           std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

std::string to_text(const UntoldDelivery& delivery) {
    if (delivery.under_way) return std::string(under_way);
    const std::string& text = delivery.reply.text;
    return std::string(positive) + (is_plain(text) ? text : "2.0.0 Ok");
}

std::optional<UntoldDelivery> parse_untold_delivery(std::string_view text) {
    if (text == under_way) return UntoldDelivery{.under_way = true};
    if (!text.starts_with(positive) || !is_plain(text.substr(positive.size()))) return std::nullopt;
    return UntoldDelivery{.reply = {250, std::string(text.substr(positive.size()))}};
}

void UntoldDeliveries::put(std::string_view letter, const UntoldDelivery& delivery, Instant now) {
    entries_.insert_or_assign(std::string(letter), Entry{delivery, now, ++puts_});
    turns_.push_back({std::string(letter), now, puts_});
    drop_old(now);
}

void UntoldDeliveries::forget(std::string_view letter) {
    const auto found = entries_.find(letter);
    if (found != entries_.end() && found->second.delivery.under_way) entries_.erase(found);
}

const UntoldDelivery* UntoldDeliveries::find(std::string_view letter, Instant now) const {
    const auto found = entries_.find(letter);
    if (found == entries_.end()) return nullptr;
    const Entry& entry = found->second;
    const Seconds lasts = entry.delivery.under_way ? under_way_life : life;
    return now - entry.put_at < lasts ? &entry.delivery : nullptr;
}

/// Bounds also the turns whose entry has been put again or forgotten.
void UntoldDeliveries::drop_old(Instant now) {
    while (!turns_.empty() && (turns_.size() > entries_max_ || now - turns_.front().put_at >= life)) {
        const auto found = entries_.find(turns_.front().letter);
        if (found != entries_.end() && found->second.number == turns_.front().number) entries_.erase(found);
        turns_.pop_front();
    }
}

}  // namespace sluice::front
