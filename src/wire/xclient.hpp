// XCLIENT (Postfix XCLIENT_README): telling an MTA who the client behind us is.
//
// Writes the commands only; when they may be sent, and what their replies mean, is smtp/dialogue.hpp.
//
// What Postfix 3.7 does with them decides what is sent:
// - An attribute that is not sent keeps the value the previous client gave it. Hence every known attribute
// that
//   the server lists is sent every time. REVERSE_NAME is among them: NAME=[TEMPUNAVAIL] alone leaves the
//   previous client's reverse name in force.
// - A client whose name we have not looked up is [TEMPUNAVAIL], not [UNAVAILABLE]: under
//   reject_unknown_client_hostname the first is deferred, the second refused, and refusing an honest client
//   is the worst we can do.
// - An attribute value above 255 octets, or a NAME that is no host name, is refused with 501, after the
//   attributes before it took effect.
// - HELO and PROTO are forgotten by each XCLIENT that does not carry them, and ADDR may end the right to send
//   another: these three go together, in the last command.
// - PORT is never sent: it is different in every session, so every session would be a new identity and cost
// an
//   XCLIENT and EHLO, for a value that Postfix shows only under smtpd_client_port_logging. LOGIN, DESTADDR
//   and DESTPORT are never sent: we have no say in them.
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

/// Who the client is. The views must outlive the call they are given to.
struct XclientIdentity {
    IpAddress address;
    std::string_view name;  // empty, or not a valid host name: [TEMPUNAVAIL]
    std::string_view helo;  // empty: [UNAVAILABLE]
    bool esmtp = false;
};

constexpr std::size_t xclient_line_octets_max = 512;   // with CRLF
constexpr std::size_t xclient_value_octets_max = 255;  // encoded; longer HELO values are cut

/// The XCLIENT commands that put `identity` in force: one or more lines, each ending in CRLF and at most
/// xclient_line_octets_max long, each to be sent only after the one before was answered 220. Without ADDR
/// among the attributes there is no identity to speak of, and nothing is written.
///
/// Two identities are the same to the MTA exactly when these lines are the same.
std::string xclient_lines(XclientAttributes attributes, const XclientIdentity& identity);

}  // namespace sluice::wire
