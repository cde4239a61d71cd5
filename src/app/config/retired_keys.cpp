#include "app/config/retired_keys.hpp"

#include <algorithm>
#include <utility>

namespace sluice::app {

namespace {

constexpr std::pair<std::string_view, std::string_view> table[] = {
    {"pace.out_bytes_per_s", "a reply is stretched to pace.reply_s, whatever its length"},
    {"pace.in_bytes_per_s", "commands are read at once, and their replies take pace.reply_s"},
    {"pace.interval_ms", "a reply is never silent for more than pace.silence_max_s"},
    {"pace.exchange_max_s", "a reply takes pace.reply_s, whatever its length"},
};

}  // namespace

std::string_view instead_of(std::string_view name) {
    const auto* const at =
        std::ranges::find(table, name, &std::pair<std::string_view, std::string_view>::first);
    return at == std::end(table) ? std::string_view() : at->second;
}

}  // namespace sluice::app
