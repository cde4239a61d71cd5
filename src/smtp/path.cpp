#include "smtp/path.hpp"

#include <algorithm>
#include <cstddef>

#include "base/ascii.hpp"
#include "base/ip.hpp"
#include "smtp/words.hpp"

namespace sluice::smtp {

namespace {

constexpr std::size_t label_octets_max = 63;  // RFC 1035 2.3.4
constexpr auto npos = std::string_view::npos;

bool is_atext(char c) {
    return ascii::is_alnum(c) || ascii::is_eight_bit(c) ||
           std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
}

/// The position of the first octet that is `wanted` and not in a quoted string, or npos.
std::size_t find_unquoted(std::string_view text, bool (*wanted)(char)) {
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!quoted && wanted(text[i])) return i;
        if (text[i] == '"') quoted = !quoted;
        if (quoted && text[i] == '\\') ++i;
    }
    return npos;
}

bool is_domain_name(std::string_view domain) {
    for (;;) {
        const std::size_t dot = domain.find('.');
        const std::string_view label = domain.substr(0, dot);
        const bool eight_bit = std::ranges::any_of(label, ascii::is_eight_bit);
        if (label.empty() || (label.size() > label_octets_max && !eight_bit)) return false;
        for (const char c : label) {
            if (!ascii::is_alnum(c) && c != '-' && c != '_' && !ascii::is_eight_bit(c)) return false;
        }
        if (dot == npos) return true;
        domain.remove_prefix(dot + 1);
    }
}

/// Whether this is an address literal: "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 4.1.3).
bool is_address_literal(std::string_view domain) {
    constexpr std::string_view v6_tag = "IPv6:";
    if (!domain.starts_with('[') || !domain.ends_with(']') || domain.size() < 2) return false;
    const std::string_view inner = domain.substr(1, domain.size() - 2);
    if (!ascii::starts_with(inner, v6_tag))
        return !inner.contains(':') && IpAddress::parse(inner).has_value();
    const std::string_view v6 = inner.substr(v6_tag.size());
    return v6.contains(':') && IpAddress::parse(v6).has_value();
}

bool is_domain(std::string_view domain) {
    return domain.starts_with('[') ? is_address_literal(domain) : is_domain_name(domain);
}

/// The length in octets of the local part that `text` begins with; 0 when there is none.
std::size_t local_part_octets(std::string_view text) {
    if (!text.starts_with('"')) {
        std::size_t i = 0;
        while (i < text.size() && (is_atext(text[i]) || text[i] == '.'))
            ++i;
        return i;
    }
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') return i + 1;
        if (ascii::is_control(text[i])) return 0;
        if (text[i] != '\\') continue;
        ++i;  // a quoted pair quotes printable US-ASCII only
        if (i == text.size() || ascii::is_control(text[i]) || ascii::is_eight_bit(text[i])) return 0;
    }
    return 0;
}

/// Drops "@a.example,@b.example:" from the front of `mailbox`; false when a source route begins there but is
/// malformed.
bool drop_source_route(std::string_view& mailbox) {
    if (!mailbox.starts_with('@')) return true;
    for (;;) {
        const std::size_t end =
            mailbox.find_first_of(",:", mailbox.starts_with("@[") ? mailbox.find(']') : 0);
        if (end == npos || !is_domain(mailbox.substr(1, end - 1))) return false;
        const char separator = mailbox[end];
        mailbox.remove_prefix(end + 1);
        if (separator == ':') return true;
        if (!mailbox.starts_with('@')) return false;
    }
}

/// The length in octets of the mailbox that `text` is, without the dot behind its domain; 0 when it is none.
std::size_t mailbox_octets(std::string_view text, const Limits& limits, Domain wanted) {
    const std::size_t local = local_part_octets(text);
    if (local == 0 || local > limits.local_part_octets_max) return 0;
    if (local == text.size()) return wanted == Domain::optional ? local : 0;
    if (text[local] != '@') return 0;
    std::string_view domain = text.substr(local + 1);
    if (domain.ends_with('.')) {
        domain.remove_suffix(1);
        if (domain.starts_with('[')) return 0;  // an address literal is not in the DNS, so it has no root dot
    }
    return domain.size() <= limits.domain_octets_max && is_domain(domain) ? local + 1 + domain.size() : 0;
}

/// Cuts the path off `text`: the octets within the brackets or, without brackets, those up to a blank.
std::expected<Path, PathError> cut_path(std::string_view text) {
    const bool bracketed = text.starts_with('<');
    if (bracketed) text.remove_prefix(1);
    const auto ends = bracketed ? [](char c) { return c == '>'; } : is_blank;
    const std::size_t end = std::min(find_unquoted(text, ends), bracketed ? npos : text.size());
    if (end == npos || (!bracketed && end == 0)) return std::unexpected(PathError::syntax);

    Path path;
    path.address = text.substr(0, end);
    const std::string_view behind = text.substr(bracketed ? end + 1 : end);
    if (!behind.empty() && !is_blank(behind.front())) return std::unexpected(PathError::syntax);
    path.rest = skip_blanks(behind);
    path.eight_bit = std::ranges::any_of(path.address, ascii::is_eight_bit);
    if (path.address.empty() && !bracketed) return std::unexpected(PathError::syntax);
    return path;
}

}  // namespace

std::expected<Path, PathError> parse_path(std::string_view text, PathKind kind, const Limits& limits,
                                          Domain domain) {
    auto path = cut_path(skip_blanks(text));
    if (!path) return path;
    if (path->address.empty()) {
        if (kind == PathKind::reverse) return path;
        return std::unexpected(PathError::address);
    }
    if (path->address.size() > limits.path_octets_max || !drop_source_route(path->address)) {
        return std::unexpected(PathError::address);
    }
    if (kind == PathKind::forward && ascii::equal(path->address, "postmaster")) return path;
    const std::size_t octets = mailbox_octets(path->address, limits, domain);
    if (octets == 0) return std::unexpected(PathError::address);
    path->address = path->address.substr(0, octets);
    return path;
}

}  // namespace sluice::smtp
