// An SMTP reply as a value, and its form on the wire (RFC 5321 4.2).
//
// reply_parser.hpp parses the replies of an MTA.
#pragma once

#include <string>
#include <string_view>

namespace sluice::smtp {

/// A reply. `text` holds the lines without code, CR or LF, separated by '\n'; each begins with its enhanced
/// status code (RFC 3463) where the reply has one: "5.1.1 User unknown". Code 0 means "no reply".
struct Reply {
    int code = 0;
    std::string text;

    bool positive() const { return code >= 200 && code < 300; }
    bool intermediate() const { return code >= 300 && code < 400; }
    bool transient() const { return code >= 400 && code < 500; }
    bool permanent() const { return code >= 500 && code < 600; }
    bool operator==(const Reply&) const = default;
};

/// The enhanced status code ("5.1.1") that a reply line begins with, or an empty view.
std::string_view enhanced_code(std::string_view line);

/// Appends the reply's wire form: "250-…CRLF" lines and a last "250 …CRLF". With `enhanced` false (the
/// extension was not offered, RFC 2034 4) enhanced codes are left out. Octets below 0x20 except TAB, and
/// 0x7f, become '?', so that a reply can never end early. Lines are cut so that none is over 512 octets (RFC
/// 5321 4.5.3.1.5).
void append_wire(const Reply& reply, bool enhanced, std::string& out);

}  // namespace sluice::smtp
