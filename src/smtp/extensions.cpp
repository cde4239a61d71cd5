#include "smtp/extensions.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"

namespace sluice::smtp {

namespace {

/// The order is that of an EHLO reply.
constexpr std::array<ExtensionName, 11> names = {{
    {Extension::pipelining, "PIPELINING"},
    {Extension::size, "SIZE"},
    {Extension::starttls, "STARTTLS"},
    {Extension::xclient, "XCLIENT"},
    {Extension::enhanced_status_codes, "ENHANCEDSTATUSCODES"},
    {Extension::eight_bit_mime, "8BITMIME"},
    {Extension::dsn, "DSN"},
    {Extension::smtputf8, "SMTPUTF8"},
    {Extension::chunking, "CHUNKING"},
    {Extension::requiretls, "REQUIRETLS"},
    {Extension::auth, "AUTH"},
}};

/// The smaller of two size limits; 0 means "none", and is larger than any other.
std::uint64_t smaller_limit(std::uint64_t a, std::uint64_t b) {
    if (a == 0 || b == 0) return std::max(a, b);
    return std::min(a, b);
}

}  // namespace

std::optional<Extension> extension_named(std::string_view keyword) {
    for (const ExtensionName& name : names) {
        if (ascii::equal(name.keyword, keyword)) return name.extension;
    }
    return std::nullopt;
}

Offer Offer::everything() {
    Offer offer;
    for (const ExtensionName& name : names)
        offer.add(name.extension);
    return offer.remove(Extension::starttls).remove(Extension::xclient).remove(Extension::auth);
}

Offer& Offer::add(Extension extension) {
    bits_ = static_cast<std::uint16_t>(bits_ | static_cast<std::uint16_t>(extension));
    return *this;
}

Offer& Offer::remove(Extension extension) {
    bits_ = static_cast<std::uint16_t>(bits_ & ~static_cast<unsigned>(extension));
    return *this;
}

Offer& Offer::set_size_max(std::uint64_t octets) {
    size_max_ = octets;
    return *this;
}

Offer Offer::intersect(const Offer& other) const {
    Offer both;
    both.bits_ = bits_ & other.bits_;
    both.size_max_ = smaller_limit(size_max_, other.size_max_);
    return both;
}

std::string Offer::keyword_lines(std::string_view mechanisms) const {
    std::string lines;
    for (const ExtensionName& name : names) {
        if (!has(name.extension)) continue;
        lines += '\n';
        lines += name.keyword;
        if (name.extension == Extension::size) {
            lines += ' ';
            lines += std::to_string(size_max_);
        }
        if (name.extension == Extension::xclient) lines += " NAME ADDR PORT PROTO HELO";
        if (name.extension == Extension::auth) lines.append(" ").append(mechanisms);
    }
    return lines;
}

}  // namespace sluice::smtp
