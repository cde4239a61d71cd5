// Base64 (RFC 4648 4) as SASL exchanges use it in SMTP (RFC 4954 4). It is only checked, never decoded.
#pragma once

#include <algorithm>
#include <string_view>

#include "base/ascii.hpp"

namespace sluice {

/// Whether `text` is base64: groups of four from the alphabet, the last padded with '='; not empty.
constexpr bool is_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return false;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding)
        text.remove_suffix(1);
    return std::ranges::all_of(text, [](char c) { return ascii::is_alnum(c) || c == '+' || c == '/'; });
}

}  // namespace sluice
