#include "wire/xclient.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.hpp"
#include "base/xtext.hpp"

namespace sluice::wire {

namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view unavailable = "[UNAVAILABLE]";
constexpr std::string_view tempunavail = "[TEMPUNAVAIL]";

/// The octets of HELO that are kept when the names are as long as they can be.
constexpr std::size_t helo_octets_kept = 16;

bool label_char(char c) {
    return ascii::is_alnum(c) || c == '-' || c == '_';
}

/// Whether Postfix's valid_hostname() accepts the name: labels of at most 63 octets, no hyphen at either end,
/// not all digits.
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

std::string address_value(const IpAddress& address) {
    return address.is_v4() ? address.to_string() : "IPV6:" + address.to_string();
}

std::string port_value(std::uint16_t port) {
    return port == 0 ? std::string(unavailable) : std::to_string(port);
}

/// The one line of the command, built from the front.
class Line {
  public:
    explicit Line(XclientAttributes attributes) : attributes_(attributes), text_("XCLIENT") {}

    void add(XclientAttributes::Attribute attribute, std::string_view name, std::string_view value) {
        if (!attributes_.has(attribute)) return;
        text_ += ' ';
        text_ += name;
        text_ += '=';
        text_ += value;
    }

    /// The room for a value of this attribute and for everything behind it, in octets.
    std::size_t room(std::string_view name) const {
        const std::size_t taken = text_.size() + 1 + name.size() + 1 + line_end.size();
        return xclient_line_octets_max - std::min(taken, xclient_line_octets_max);
    }

    std::string end() && {
        text_ += line_end;
        return std::move(text_);
    }

  private:
    XclientAttributes attributes_;
    std::string text_;
};

std::string_view unnamed(bool absent) {
    return absent ? unavailable : tempunavail;
}

std::string_view name_value(const XclientName& name) {
    if (name.name.empty()) return unnamed(name.absent);
    return valid_host_name(name.name) ? name.name : unavailable;
}

/// The last labels of a name that fit; nothing if not even the last one fits: the name then counts as not
/// known.
std::string_view last_labels(std::string_view value, std::size_t octets_max) {
    while (value.size() > octets_max) {
        const std::size_t dot = value.find('.');
        if (dot == std::string_view::npos) return tempunavail;
        value.remove_prefix(dot + 1);
    }
    return valid_host_name(value) || value == unavailable ? value : tempunavail;
}

}  // namespace

XclientAttributes XclientAttributes::parse(std::string_view listed) {
    static constexpr std::array<std::pair<std::string_view, Attribute>, 8> known{
        {{"NAME", name},
         {"REVERSE_NAME", reverse_name},
         {"HELO", helo},
         {"PROTO", proto},
         {"ADDR", addr},
         {"PORT", port},
         {"DESTADDR", destaddr},
         {"DESTPORT", destport}}};
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

std::string xclient_line(XclientAttributes attributes, const XclientIdentity& identity) {
    using Attributes = XclientAttributes;
    if (!attributes.has(Attributes::addr)) return {};

    const bool has_destination = identity.destination_port != 0;
    Line line(attributes);
    line.add(Attributes::addr, "ADDR", address_value(identity.address));
    line.add(Attributes::port, "PORT", port_value(identity.port));
    line.add(Attributes::destaddr, "DESTADDR",
             has_destination ? address_value(identity.destination) : std::string(unavailable));
    line.add(Attributes::destport, "DESTPORT", port_value(identity.destination_port));
    line.add(Attributes::proto, "PROTO", identity.esmtp ? "ESMTP" : "SMTP");
    line.add(Attributes::name, "NAME", name_value(identity.name));

    constexpr std::size_t for_helo = std::string_view(" HELO=").size() + helo_octets_kept;
    line.add(Attributes::reverse_name, "REVERSE_NAME",
             last_labels(name_value(identity.reverse_name), line.room("REVERSE_NAME") - for_helo));
    const std::size_t helo_octets = std::min(line.room("HELO"), xclient_value_octets_max);
    line.add(
        Attributes::helo, "HELO",
        identity.helo.empty() ? std::string(unavailable) : xtext_encode_bounded(identity.helo, helo_octets));
    return std::move(line).end();
}

}  // namespace sluice::wire
