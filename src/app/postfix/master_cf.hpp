// A Postfix listener for Sluice alone, with a cleanup service of its own: the settings, and the lines of
// master.cf that state them (`sluice check --print-master-cf`). app/postfix/postconf_commands.hpp has
// commands that do the same.
//
// The listener replaces a public one and keeps its settings: filters, milters, restrictions. A setting that
// cannot be kept is left out with a remark; if it cannot be left out, there is no listener, and the error
// says why.
//
// Sluice's own identity must never be enough to relay there. A connection on which no client's identity is in
// force (any more) comes from loopback, or from the address that Sluice connects from. The listener's
// mynetworks therefore begins with those addresses, negated: Postfix takes the first pattern that matches.
// The operator's own patterns follow unchanged, tables included. Clients are allowed or refused by the
// identity that is forwarded. permit_inet_interfaces is removed from its lists, because Postfix since 3.7
// tests it against the connection and not against XCLIENT.
//
// The cleanup service has in_flow_delay=0. Each transaction that asks about existing recipients costs a token
// of Postfix's flow control, which is never given back: after a hundred such transactions, each further one
// takes a second.
//
// It does no I/O: app/postfix/postconf.hpp reads Postfix's settings.
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
    relay::UpstreamOptions mta;       // the listener's address, and how to talk to it
    relay::PoolOptions pool;          // it must have room for the connections of these pools
    unsigned workers = 1;             // each has a pool
    std::optional<IpAddress> source;  // where Sluice connects from, if that is not loopback
};

/// The changes to Postfix for Sluice.
struct PrivateListener {
    std::vector<std::string> remarks;  // what an operator should know about it: sentences
    PostfixService smtpd, cleanup;
    std::vector<std::string> former;       // labels of the entries that these two replace
    std::vector<std::string> public_ones;  // entries that have to leave port 25, such as "smtp.inet"
    std::string disabled;                  // the present value of master_service_disable
};

/// `postfix` has the settings of the Postfix behind Sluice; null = it is not on this machine. The error says
/// why there can be no listener, and what to do.
std::expected<PrivateListener, std::string> private_listener(const ListenerWish& wish,
                                                             const PostfixSettings* postfix);

/// The entries as lines of master.cf, below the remarks as comments.
std::string master_cf_lines(const PrivateListener& listener);

/// A command that takes port 25 from Postfix until the other command gives it back; empty = Postfix does not
/// have the port. Both can be run twice, do not change master.cf, and keep the other words in
/// master_service_disable.
std::string take_port_25(const PrivateListener& listener, const std::string& postconf);
std::string give_port_25_back(const PrivateListener& listener, const std::string& postconf);

/// A mynetworks for the listener, made from the operator's.
std::string guarded_networks(const std::string& mynetworks, const std::optional<IpAddress>& source);

}  // namespace sluice::app
