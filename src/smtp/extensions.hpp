// The SMTP service extensions that Sluice knows, and an offer of some of them (RFC 5321 4.1.1.1).
//
// The offer to a client is the intersection of what we can do, what the operator allows, and what the MTA
// behind offers, because the MTA will be asked to keep every promise to the client.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::smtp {

/// The extensions, one bit each.
enum class Extension : std::uint16_t {
    pipelining = 1U << 0,             // RFC 2920
    size = 1U << 1,                   // RFC 1870
    eight_bit_mime = 1U << 2,         // RFC 6152
    smtputf8 = 1U << 3,               // RFC 6531
    chunking = 1U << 4,               // RFC 3030, BDAT only (no BINARYMIME)
    dsn = 1U << 5,                    // RFC 3461
    enhanced_status_codes = 1U << 6,  // RFC 2034
    starttls = 1U << 7,               // RFC 3207; between us and the client, whatever the MTA offers
    xclient = 1U << 8,                // Postfix XCLIENT_README; offered by `sluice sink` only
    requiretls = 1U << 9,             // RFC 8689; to clients under TLS only
    auth = 1U << 10,                  // RFC 4954; passed on, where the operator wants that
};

/// Each extension with its EHLO keyword.
struct ExtensionName {
    Extension extension;
    std::string_view keyword;
};

/// The extension whose keyword this is (case-insensitive, RFC 5321 2.4), if known.
std::optional<Extension> extension_named(std::string_view keyword);

/// A set of extensions, with the SIZE limit that goes with Extension::size.
class Offer {
  public:
    constexpr Offer() = default;

    /// Every extension that relayed mail can use: all but starttls, xclient and auth; SIZE without a limit.
    static Offer everything();

    bool has(Extension extension) const { return (bits_ & static_cast<std::uint16_t>(extension)) != 0; }
    Offer& add(Extension extension);
    Offer& remove(Extension extension);

    /// The largest message in octets; 0 = no fixed limit (RFC 1870 4).
    std::uint64_t size_max() const { return size_max_; }
    Offer& set_size_max(std::uint64_t octets);

    /// The extensions that both offer, with the smaller limit, where 0 is the largest of all.
    Offer intersect(const Offer& other) const;

    /// The keyword lines of an EHLO reply, each preceded by '\n': "\nPIPELINING\nSIZE 52428800…". XCLIENT is
    /// followed by the attribute names that the sink knows, AUTH by `mechanisms`.
    std::string keyword_lines(std::string_view mechanisms = {}) const;

    bool operator==(const Offer&) const = default;

  private:
    std::uint64_t size_max_ = 0;
    std::uint16_t bits_ = 0;
};

}  // namespace sluice::smtp
