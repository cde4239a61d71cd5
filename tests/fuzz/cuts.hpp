// Takes the octets that steer a fuzz target off the front of its input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::fuzz {

inline std::string_view as_text(const std::uint8_t* octets, std::size_t size) {
    return {reinterpret_cast<const char*>(octets), size};
}

/// The next steering octet, 0 when there is none left.
inline unsigned take_octet(std::string_view& text) {
    if (text.empty()) return 0;
    const auto octet = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    return octet;
}

/// Cuts `text` into parts whose lengths follow from `seed`, short and long ones mixed.
inline std::vector<std::string_view> cut(std::string_view text, unsigned seed) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        seed = seed * 1103515245U + 12345U;
        const std::size_t size = 1 + (seed >> 16U) % ((seed & 0x100U) != 0 ? 3U : 40U);
        parts.push_back(text.substr(0, size));
        text.remove_prefix(parts.back().size());
    }
    return parts;
}

}  // namespace sluice::fuzz
