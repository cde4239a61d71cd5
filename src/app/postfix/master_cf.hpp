// A listener of Postfix for Sluice alone, and a cleanup service of its own: what they must be set to, and the
// lines of master.cf that say so (`sluice check --print-master-cf`). app/postfix/postconf_commands.hpp has
// the commands instead.
//
// The listener replaces a public one, and goes on with what that one is set to: filters, milters,
// restrictions. What cannot go on is left out with a remark, or there is no listener and the error says why.
//
// What Sluice itself is must never be enough to relay there: a connection on which no client's identity is in
// force (any more) comes from loopback, or from where Sluice connects. Its mynetworks begin with those,
// negated, and Postfix takes the first pattern that matches; the operator's own follow as they are, tables
// too. Clients are let through, or not, by the identity that is forwarded. permit_inet_interfaces is taken
// out of the lists it stands in, since Postfix 3.7 holds it against the connection and not against XCLIENT.
//
// The cleanup service has in_flow_delay=0: each transaction that asks about recipients which exist costs a
// token of Postfix's flow control, and gives it back to nobody; a hundred such, and each more takes a second.
//
// It does no I/O: app/postfix/postconf.hpp reads what Postfix is set to.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "app/postfix/postfix_settings.hpp"
#include "base/ip.hpp"
#include "relay/options.hpp"

namespace sluice::app {

struct ListenerWish {
    relay::UpstreamOptions mta;       // where it is to be, and how it is to be spoken to
    relay::PoolOptions pool;          // whose connections it must have room for
    unsigned workers = 1;             // each with a pool
    std::optional<IpAddress> source;  // where Sluice connects from, if that is not loopback
};

/// What Postfix is to be given for Sluice.
struct PrivateListener {
    std::vector<std::string> remarks;  // what an operator should know of it: sentences
    PostfixService smtpd, cleanup;
    std::vector<std::string> former;       // labels of entries that these two replace
    std::vector<std::string> public_ones;  // what has to leave port 25, as in "smtp.inet"
    std::string disabled;                  // master_service_disable as it is now
};

/// `postfix` is what the Postfix behind is set to; null = it is not on this machine. The error says why there
/// can be no listener, and what to do.
std::expected<PrivateListener, std::string> private_listener(const ListenerWish& wish,
                                                             const PostfixSettings* postfix);

/// Its entries as lines of master.cf, below its remarks as comments.
std::string master_cf_lines(const PrivateListener& listener);

/// A command that takes port 25 from Postfix, until the one that gives it back; empty = it does not have it.
/// Both may be given twice, leave master.cf alone, and keep what else master_service_disable names.
std::string take_port_25(const PrivateListener& listener, const std::string& postconf);
std::string give_port_25_back(const PrivateListener& listener, const std::string& postconf);

/// A mynetworks for the listener, out of the one that the operator has.
std::string guarded_networks(const std::string& mynetworks, const std::optional<IpAddress>& source);

}  // namespace sluice::app
