#include "wire/xclient.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.hpp"
#include "base/xtext.hpp"

namespace sluice::wire {

namespace {

constexpr std::string_view command = "XCLIENT";
constexpr std::string_view line_end = "\r\n";

bool label_char(char c) {
    return ascii::is_alnum(c) || c == '-' || c == '_';
}

/// What Postfix's valid_hostname() lets through: labels of at most 63 octets, no hyphen at either end, not
/// all digits.
bool valid_host_name(std::string_view name) {
    constexpr std::size_t label_octets_max = 63;
    if (name.empty() || name.size() > xclient_value_octets_max) return false;
    bool letter_seen = false;
    while (true) {
        const std::size_t dot = name.find('.');
        const std::string_view label = name.substr(0, dot);
        if (label.empty() || label.size() > label_octets_max) return false;
        if (label.front() == '-' || label.back() == '-') return false;
        if (!std::ranges::all_of(label, label_char)) return false;
        letter_seen |= std::ranges::any_of(label, [](char c) { return !ascii::is_digit(c); });
        if (dot == std::string_view::npos) return letter_seen;
        name.remove_prefix(dot + 1);
    }
}

/// xtext of the longest prefix of `value` whose encoding is within the bound.
std::string bounded_xtext(std::string_view value) {
    std::string encoded = xtext_encode(value.substr(0, xclient_value_octets_max));
    if (encoded.size() <= xclient_value_octets_max) return encoded;
    std::size_t cut = xclient_value_octets_max;
    // An encoded octet is "+XX": do not leave a part of one.
    if (encoded[cut - 1] == '+') {
        cut -= 1;
    } else if (encoded[cut - 2] == '+') {
        cut -= 2;
    }
    encoded.resize(cut);
    return encoded;
}

std::string address_value(const IpAddress& address) {
    return address.is_v4() ? address.to_string() : "IPV6:" + address.to_string();
}

void append_attribute(std::string& line, std::string_view name, std::string_view value) {
    line += ' ';
    line += name;
    line += '=';
    line += value;
}

/// Adds `attribute` (" NAME=…") to the last line, or begins another if it has no room.
void append_bounded(std::string& lines, std::size_t& line_start, std::string_view attribute) {
    const std::size_t line = lines.size() - line_start;
    if (line != 0 && line + attribute.size() + line_end.size() > xclient_line_octets_max) {
        lines += line_end;
        line_start = lines.size();
    }
    if (lines.size() == line_start) lines += command;
    lines += attribute;
}

}  // namespace

XclientAttributes XclientAttributes::parse(std::string_view listed) {
    static constexpr std::array<std::pair<std::string_view, Attribute>, 5> known{
        {{"NAME", name}, {"REVERSE_NAME", reverse_name}, {"HELO", helo}, {"PROTO", proto}, {"ADDR", addr}}};
    XclientAttributes attributes;
    while (!listed.empty()) {
        const std::size_t space = std::min(listed.find(' '), listed.size());
        const std::string_view word = listed.substr(0, space);
        for (const auto& [keyword, attribute] : known) {
            if (ascii::equal(word, keyword)) attributes.bits_ |= attribute;
        }
        listed.remove_prefix(std::min(space + 1, listed.size()));
    }
    return attributes;
}

std::string xclient_lines(XclientAttributes attributes, const XclientIdentity& identity) {
    using Attributes = XclientAttributes;
    if (!attributes.has(Attributes::addr)) return {};

    const std::string name = valid_host_name(identity.name) ? std::string(identity.name) : "[TEMPUNAVAIL]";
    std::string lines;
    std::size_t line_start = 0;
    if (attributes.has(Attributes::name)) {
        std::string attribute;
        append_attribute(attribute, "NAME", name);
        append_bounded(lines, line_start, attribute);
    }
    if (attributes.has(Attributes::reverse_name)) {
        std::string attribute;
        append_attribute(attribute, "REVERSE_NAME", name);
        append_bounded(lines, line_start, attribute);
    }
    std::string last;
    if (attributes.has(Attributes::helo)) {
        append_attribute(last, "HELO",
                         identity.helo.empty() ? "[UNAVAILABLE]" : bounded_xtext(identity.helo));
    }
    if (attributes.has(Attributes::proto)) append_attribute(last, "PROTO", identity.esmtp ? "ESMTP" : "SMTP");
    append_attribute(last, "ADDR", address_value(identity.address));
    append_bounded(lines, line_start, last);
    lines += line_end;
    return lines;
}

}  // namespace sluice::wire
