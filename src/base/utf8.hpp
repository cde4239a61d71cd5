// UTF-8 (RFC 3629), as far as judging octets needs it: no overlong forms, no surrogates, nothing above
// U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::utf8 {

/// Octets of the well-formed sequence that `text` begins with: 1 to 4, or 0 when there is none.
constexpr std::size_t sequence_octets(std::string_view text) {
    if (text.empty()) return 0;
    const auto octet = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = octet(0);
    if (lead < 0x80) return 1;
    const std::size_t size = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
    if (size == 0 || text.size() < size) return 0;
    // The second octet alone decides between overlong, surrogate, too large and good (RFC 3629 4).
    const unsigned lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (octet(1) < lowest || octet(1) > highest) return 0;
    for (std::size_t i = 2; i < size; ++i) {
        if ((octet(i) & 0xc0U) != 0x80U) return 0;
    }
    return size;
}

constexpr bool is_valid(std::string_view text) {
    while (!text.empty()) {
        const std::size_t size = sequence_octets(text);
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

}  // namespace sluice::utf8
