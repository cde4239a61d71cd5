#include "base/xtext.hpp"

#include <cstddef>

#include "base/ascii.hpp"

namespace sluice {

namespace {

bool stands_for_itself(char c) {
    return ascii::is_graphic(c) && c != '+' && c != '=';
}

constexpr std::size_t encoded_octets = 3;  // "+XX"

/// Whether the octet is left as it is: no server could take it for a mark of its own.
bool written_plain(char c) {
    return ascii::is_alnum(c) || std::string_view(".-_:[]").contains(c);
}

/// The octet that "+XX" at `text[i]` stands for, or -1.
int hexchar(std::string_view text, std::size_t i) {
    return text[i] == '+' ? ascii::hex_octet(text.substr(i + 1, 2)) : -1;
}

/// Decodes a text in which every character is `plain` or begins a hexchar; nullopt for any other text.
template <typename Plain>
std::optional<std::string> decode(std::string_view text, Plain plain) {
    std::string octets;
    octets.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (plain(text[i])) {
            octets += text[i];
            continue;
        }
        const int octet = hexchar(text, i);
        if (octet < 0) return std::nullopt;
        octets += static_cast<char>(octet);
        i += 2;
    }
    return octets;
}

}  // namespace

std::string xtext_encode(std::string_view octets) {
    return xtext_encode_bounded(octets, octets.size() * encoded_octets);
}

std::string xtext_encode_bounded(std::string_view octets, std::size_t encoded_octets_max) {
    std::string text;
    for (const char c : octets) {
        const bool plain = written_plain(c);
        if (text.size() + (plain ? 1 : encoded_octets) > encoded_octets_max) break;
        if (plain) {
            text += c;
            continue;
        }
        const auto octet = static_cast<unsigned char>(c);
        text += '+';
        text += ascii::hex_digits[octet >> 4U];
        text += ascii::hex_digits[octet & 0xfU];
    }
    return text;
}

std::optional<std::string> xtext_decode(std::string_view text) {
    return decode(text, stands_for_itself);
}

bool is_xtext(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (stands_for_itself(text[i])) continue;
        if (hexchar(text, i) < 0) return false;
        i += 2;
    }
    return true;
}

std::optional<std::string> xtext_decode_leniently(std::string_view text) {
    return decode(text, [](char c) { return c != '+'; });
}

}  // namespace sluice
