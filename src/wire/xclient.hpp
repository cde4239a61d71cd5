// XCLIENT (Postfix XCLIENT_README): telling an MTA who the client behind us is.
//
// Writes the command only; when it may be sent, and what its reply means, is smtp/dialogue.hpp.
//
// What Postfix 3.7.11 does with it decides what is sent:
// - It splits the command into words before it decodes xtext: '"' and '<' take everything up to their pair,
//   or up to the end of the line, for one word, and '\' takes the next octet, a space too. An attribute
//   lost in that way is no error: the reply is 220, and the attribute keeps the value it had before, that
//   of the client before or of us. Hence three things, each of which would save ADDR: values are written in
//   the xtext of base/xtext.hpp, which leaves no such octet as it is; ADDR is the first attribute; and
//   HELO, the only one whose octets the client chooses, is the last.
// - An attribute that is not sent keeps the value the previous client gave it. Hence every known attribute
//   that the server lists is sent every time, `[UNAVAILABLE]` where there is nothing to say.
// - HELO and PROTO are forgotten by each XCLIENT that does not carry them. After ADDR has taken effect, the
//   right to send another XCLIENT is that of the address forwarded: a listener that does not believe
//   everybody answers 550 to a second one. Hence there is always one line, and never a second: what does
//   not fit is cut where that does no harm. HELO may be cut to any length (the EHLO behind XCLIENT says it
//   anyway), and REVERSE_NAME to its last labels (nobody has confirmed it); NAME never is, for a part of a
//   confirmed name is the name of somebody else.
// - A value that is refused (501) leaves the attributes before it in force, while Postfix's log goes on
//   naming the former client. Hence a connection that did not answer 220 is of no use to anybody.
// - An attribute value above 255 octets is refused, and so is a NAME that is no host name. Postfix takes an
//   address for nameless if its PTR record holds such a name, and so do we.
// - A name that DNS knows not to exist is [UNAVAILABLE], one that could not be found out [TEMPUNAVAIL]:
//   with reject_unknown_client_hostname Postfix may be told to refuse the first for good, and puts the
//   second off.
//
// PORT is different in every session, so that each costs an XCLIENT and EHLO of its own (40 µs of Postfix):
// what logs, policy services and abuse reports need of a client behind a carrier's NAT is worth that. LOGIN
// is never sent: we have no say in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.hpp"

namespace sluice::wire {

/// The attributes we can send, of those a server lists in its EHLO reply.
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

    /// From what follows the XCLIENT keyword: "NAME ADDR PORT PROTO HELO" (case-insensitive; unknown ones are
    /// ignored).
    static XclientAttributes parse(std::string_view listed);

    bool has(Attribute attribute) const { return (bits_ & attribute) != 0; }
    bool operator==(const XclientAttributes&) const = default;

  private:
    std::uint8_t bits_ = 0;
};

/// A name from DNS, or why there is none.
struct XclientName {
    std::string_view name = {};  // empty: there is none, or it is not known
    bool absent = false;         // DNS says that there is none
};

/// Who the client is. The views must outlive the call they are given to.
struct XclientIdentity {
    IpAddress address;
    std::string_view helo = {};  // empty: none was given
    bool esmtp = false;
    std::uint16_t port = 0;  // 0: not known
    XclientName name = {};   // forward-confirmed
    XclientName reverse_name = {};
    IpAddress destination = {};          // what the client connected to
    std::uint16_t destination_port = 0;  // 0: the destination is not known
};

constexpr std::size_t xclient_line_octets_max = 512;   // with CRLF (RFC 5321 4.5.3.1.4)
constexpr std::size_t xclient_value_octets_max = 255;  // encoded

/// The XCLIENT command that puts `identity` in force: one line with its CRLF, at most xclient_line_octets_max
/// long. Without ADDR among the attributes there is no identity to speak of, and nothing is written.
///
/// Two identities are the same to the MTA exactly when these lines are the same.
std::string xclient_line(XclientAttributes attributes, const XclientIdentity& identity);

}  // namespace sluice::wire
