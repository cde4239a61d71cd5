#include "smtp/parameter_text.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <iterator>
#include <optional>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "base/xtext.hpp"

namespace sluice::smtp {

namespace {

std::string rewritten_xtext(std::string_view value) {
    return xtext_encode(xtext_decode_leniently(value).value_or(std::string(value)));
}

/// Cuts "\x{…}" off the front of `text` and returns its code point; nullopt, without cutting, for anything
/// else.
std::optional<std::uint32_t> cut_embedded(std::string_view& text) {
    constexpr std::size_t digits_max = 6;
    if (!text.starts_with("\\x{")) return std::nullopt;
    const std::size_t close = text.find('}');
    if (close == std::string_view::npos || close == 3 || close > 3 + digits_max) return std::nullopt;
    std::uint32_t point = 0;
    for (const char c : text.substr(3, close - 3)) {
        const int value = ascii::hex_value(c);
        if (value < 0) return std::nullopt;
        point = point * 16 + static_cast<std::uint32_t>(value);
    }
    text.remove_prefix(close + 1);
    return point;
}

/// Cuts a well-formed UTF-8 sequence off the front of `text` and returns its code point.
std::optional<std::uint32_t> cut_utf8(std::string_view& text) {
    const std::size_t octets = utf8::sequence_octets(text);
    if (octets == 0) return std::nullopt;
    auto point = static_cast<std::uint32_t>(static_cast<unsigned char>(text.front()));
    if (octets > 1) point &= 0x7fU >> octets;
    for (const char c : text.substr(1, octets - 1))
        point = point << 6U | (static_cast<unsigned char>(c) & 0x3fU);
    text.remove_prefix(octets);
    return point;
}

/// Whether the character stands for itself in an address of type utf-8. Few others have a name in RFC 6533 3,
/// so as many as possible do.
bool plain_in_utf8(std::uint32_t point) {
    if (point > 0x7e) return false;
    const char c = static_cast<char>(point);
    return ascii::is_alnum(c) || std::string_view(".-_:[]@!#$%&'*/?^`{|}~").contains(c);
}

/// Writes utf-8-addr-xtext. '+' and '=' have no special meaning in it, and senders leave them as they are.
std::optional<std::string> rewritten_utf8(std::string_view value) {
    std::string text;
    while (!value.empty()) {
        auto point = cut_embedded(value);
        if (!point) point = cut_utf8(value);
        constexpr std::uint32_t point_max = 0x10ffff;
        if (!point || *point > point_max) return std::nullopt;
        if (plain_in_utf8(*point)) {
            text += static_cast<char>(*point);
        } else {
            fmt::format_to(std::back_inserter(text), "\\x{{{:02X}}}", *point);
        }
    }
    return text;
}

std::optional<std::string> rewritten_orcpt(std::string_view value) {
    const std::size_t semicolon = std::min(value.find(';'), value.size());
    const std::string_view type = value.substr(0, semicolon);
    const bool is_type = std::ranges::all_of(type, [](char c) { return ascii::is_alnum(c) || c == '-'; });
    if (semicolon == value.size() || type.empty() || !is_type) return std::nullopt;
    const std::string_view address = value.substr(semicolon + 1);
    const auto rewritten =
        ascii::equal(type, "utf-8") ? rewritten_utf8(address) : std::optional(rewritten_xtext(address));
    if (!rewritten) return std::nullopt;
    return std::string(type) + ";" + *rewritten;
}

/// Whether the parameter consists of the octets that SIZE, BODY, RET and NOTIFY use.
bool is_plain(std::string_view parameter) {
    return std::ranges::all_of(
        parameter, [](char c) { return ascii::is_alnum(c) || std::string_view("-=,").contains(c); });
}

}  // namespace

bool append_parameter(std::string_view parameter, std::string& out) {
    const std::string_view keyword = parameter.substr(0, parameter.find('='));
    const std::string_view value = parameter.substr(std::min(keyword.size() + 1, parameter.size()));
    const auto append = [&](std::string_view text) {
        ((out += ' ') += keyword) += '=';
        out += text;
        return true;
    };
    if (ascii::equal(keyword, "ENVID")) {
        const std::string text = rewritten_xtext(value);
        return text.size() > envid_sent_octets_max || append(text);
    }
    if (ascii::equal(keyword, "ORCPT")) {
        const auto text = rewritten_orcpt(value);
        return !text || text->size() > orcpt_sent_octets_max || append(*text);
    }
    if (ascii::equal(keyword, "AUTH")) return append(value == "<>" ? value : rewritten_xtext(value));
    if (!is_plain(parameter)) return false;
    (out += ' ') += parameter;
    return true;
}

}  // namespace sluice::smtp
