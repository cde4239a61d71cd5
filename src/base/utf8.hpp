// The checks of UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::utf8 {

/// The length of the sequence that a lead octet announces, in octets; 0 if it cannot begin one.
constexpr std::size_t announced_octets(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead < 0xc2) return 0;  // a continuation, or an overlong form
    if (lead < 0xe0) return 2;
    if (lead < 0xf0) return 3;
    return lead <= 0xf4 ? 4 : 0;
}

/// Whether the second octet of a sequence may follow its lead. This alone excludes overlong forms,
/// surrogates, and numbers that are too large (RFC 3629 4).
constexpr bool may_follow(unsigned char lead, unsigned char second) {
    if (second < 0x80 || second > 0xbf) return false;
    if (lead == 0xe0) return second >= 0xa0;
    if (lead == 0xed) return second <= 0x9f;
    if (lead == 0xf0) return second >= 0x90;
    if (lead == 0xf4) return second <= 0x8f;
    return true;
}

/// The length of the well-formed sequence at the front of `text`, in octets: 1 to 4, or 0 when there is none.
constexpr std::size_t sequence_octets(std::string_view text) {
    if (text.empty()) return 0;
    const auto octet = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t size = announced_octets(octet(0));
    if (size <= 1) return size;
    if (text.size() < size || !may_follow(octet(0), octet(1))) return 0;
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
