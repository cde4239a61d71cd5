// XCLIENT (Postfix XCLIENT_README): it tells an MTA who the client behind us is.
//
// This file only writes the command; smtp/dialogue.hpp knows when it may be sent, and what its reply means.
//
// Postfix 3.7.11 treats the command as follows, and this decides what is sent:
// - It splits the command into words before it decodes xtext: '"' and '<' take everything up to their pair,
//   or up to the end of the line, for one word, and '\' takes the next octet, even a space. To lose an
//   attribute in this way is no error: the reply is 220, and the attribute keeps its earlier value, that of
//   the previous client or our own. Hence three rules, each of which alone would save ADDR: values are
//   written in the xtext of base/xtext.hpp, which leaves no such octet as it is; ADDR is the first attribute;
//   and HELO, the only one whose octets the client chooses, is the last.
// - An attribute that is not sent keeps the value of the previous client. Hence every known attribute that
//   the server lists is sent every time, as `[UNAVAILABLE]` where there is no value.
// - An XCLIENT without HELO and PROTO resets them. After ADDR has taken effect, the right to send another
//   XCLIENT is that of the forwarded address: a listener that does not trust everybody answers 550 to a
//   second one. Hence there is always exactly one line, and what does not fit is cut where that does no harm.
//   HELO may be cut to any length (the EHLO behind XCLIENT repeats it), and REVERSE_NAME to its last labels
//   (nobody has confirmed it). NAME is never cut, because a part of a confirmed name is another host's name.
// - A refused value (501) leaves the attributes before it in force, while Postfix's log goes on naming the
//   previous client. Hence a connection that did not answer 220 must not be used any more.
// - An attribute value above 255 octets is refused, and so is a NAME that is no host name. Postfix takes an
//   address for nameless if its PTR record holds such a name, and so do we.
// - A name that definitely does not exist in DNS is [UNAVAILABLE], one that could not be looked up
//   [TEMPUNAVAIL]: with reject_unknown_client_hostname Postfix may be told to refuse the first for good, and
//   puts the second off.
//
// PORT differs in every session, so each session costs an XCLIENT and EHLO of its own (40 µs of Postfix).
// Logs, policy services and abuse reports need the port of a client behind a carrier's NAT, which is worth
// the cost. LOGIN is never sent, because it is not ours to set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.hpp"

namespace sluice::wire {

/// The attributes that we can send, out of those that a server lists in its EHLO reply.
class XclientAttributes {
  public:
    enum Attribute : std::uint8_t {
        name = 1U << 0,
        reverse_name = 1U << 1,
        helo = 1U << 2,
        proto = 1U << 3,
        addr = 1U << 4,
        port = 1U << 5,
        destaddr = 1U << 6,
        destport = 1U << 7,
    };

    XclientAttributes() = default;

    /// Parses the text behind the XCLIENT keyword: "NAME ADDR PORT PROTO HELO" (case-insensitive; unknown
    /// ones are ignored).
    static XclientAttributes parse(std::string_view listed);

    bool has(Attribute attribute) const { return (bits_ & attribute) != 0; }
    bool operator==(const XclientAttributes&) const = default;

  private:
    std::uint8_t bits_ = 0;
};

/// A name from DNS, or why there is none.
struct XclientName {
    std::string_view name = {};  // empty: there is no name, or it is not known
    bool absent = false;         // DNS says that there is no name
};

/// The client's identity. The views must outlive the call that they are given to.
struct XclientIdentity {
    IpAddress address;
    std::string_view helo = {};  // empty: none was given
    bool esmtp = false;
    std::uint16_t port = 0;  // 0: not known
    XclientName name = {};   // forward-confirmed
    XclientName reverse_name = {};
    IpAddress destination = {};          // the address that the client connected to
    std::uint16_t destination_port = 0;  // 0: the destination is not known
};

constexpr std::size_t xclient_line_octets_max = 512;   // with CRLF (RFC 5321 4.5.3.1.4)
constexpr std::size_t xclient_value_octets_max = 255;  // encoded

/// The XCLIENT command that puts `identity` in force: one line with its CRLF, at most xclient_line_octets_max
/// long. Without ADDR among the attributes the line is empty, because no identity can be given.
///
/// To the MTA two identities are the same exactly when these lines are the same.
std::string xclient_line(XclientAttributes attributes, const XclientIdentity& identity);

}  // namespace sluice::wire
