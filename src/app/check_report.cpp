#include "app/check_report.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <vector>

namespace sluice::app {

namespace {

constexpr std::string_view relayable[] = {"PIPELINING", "SIZE", "8BITMIME",           "SMTPUTF8",
                                          "CHUNKING",   "DSN",  "ENHANCEDSTATUSCODES"};

/// Postfix's default_process_limit, which "-" in the maxproc column stands for.
constexpr unsigned postfix_process_limit = 100;

std::string offer_lines(const smtp::Offer& offer) {
    std::vector<std::string> there;
    std::vector<std::string_view> missing;
    for (const std::string_view keyword : relayable) {
        const auto extension = smtp::extension_named(keyword);
        if (!extension || !offer.has(*extension))
            missing.push_back(keyword);
        else if (*extension == smtp::Extension::size && offer.size_max() != 0)
            there.push_back(fmt::format("{} {}", keyword, offer.size_max()));
        else
            there.emplace_back(keyword);
    }
    std::string out = fmt::format("  offers    {}\n", fmt::join(there, " "));
    if (!missing.empty())
        out += fmt::format("            not offered, so clients are not offered it either: {}\n",
                           fmt::join(missing, " "));
    return out;
}

std::string tls_line(const relay::UpstreamOptions& upstream, const ProbeFindings& found) {
    if (!found.tls.empty()) return fmt::format("  TLS       {}\n", found.tls);
    if (upstream.address.is_local()) return {};
    return fmt::format("  TLS       none{}: what goes there can be read on the way\n",
                       upstream.wants_tls() ? ", it is not offered" : ", as configured");
}

std::string identity_lines(const relay::UpstreamOptions& upstream, const ProbeFindings& found) {
    using relay::IdentityBy;
    if (upstream.identity == IdentityBy::proxy_v2)
        return "  identity  by the PROXY protocol, as configured: each client needs an MTA connection of its "
               "own\n";
    if (upstream.identity == IdentityBy::none)
        return "  identity  none, as configured: the MTA takes Sluice for the client. Its own address checks "
               "and\n"
               "            rate limits see one client, and Sluice must not be in its mynetworks\n";
    if (found.ehlo.xclient.empty())
        return fmt::format(
            "  identity  XCLIENT is not offered{}. The MTA takes Sluice for the client: its own address "
            "checks\n"
            "            and rate limits see one client, and Sluice must not be in its mynetworks\n",
            upstream.identity == IdentityBy::xclient ? ", but configured: the MTA counts as down" : "");
    if (!found.forwards_identity())
        return fmt::format("  identity  XCLIENT is offered and then refused: {}\n", found.identity->said);
    std::string out = fmt::format("  identity  XCLIENT works: {}\n", found.ehlo.xclient);
    if (found.ipv6_identity && !found.takes_ipv6())
        out += fmt::format("            but not for IPv6 clients: {}\n", found.ipv6_identity->said);
    return out;
}

std::string pooling_lines(const relay::UpstreamOptions& upstream, const ProbeFindings& found) {
    if (upstream.identity == relay::IdentityBy::proxy_v2 || upstream.identity == relay::IdentityBy::none)
        return {};
    if (found.pools())
        return upstream.pooled ? "  pooling   works: one connection serves many clients\n"
                               : "  pooling   would work, but is turned off (relay.mta: pooled = false)\n";
    if (found.second_identity)
        return fmt::format(
            "  pooling   does not work: after the XCLIENT of one client, that of the next is refused ({}).\n"
            "            Postfix asks smtpd_authorized_xclient_hosts about the forwarded address too. What "
            "is\n"
            "            lost: each client needs an MTA connection of its own, about half as much again of "
            "the\n"
            "            MTA's CPU time a mail, and the MTA's process limit bounds the clients served at "
            "once.\n",
            found.second_identity->said);
    return "  pooling   does not work without XCLIENT\n";
}

std::string relay_lines(const ProbeFindings& found) {
    if (!found.relays_for_anyone()) return {};
    return "  WARNING   it takes mail for a domain that is not its own (example.org), from a client it does "
           "not\n"
           "            know: whoever can talk to Sluice can send mail anywhere through it. A sink does "
           "that;\n"
           "            for an MTA see mynetworks and smtpd_relay_restrictions\n";
}

/// X.7.25, "reverse DNS validation failed" (RFC 7372), is said to a client that has no name, as ours that
/// asks here. It matters where none is looked up.
std::string name_lines(const ProbeFindings& found, bool names_resolved) {
    if (names_resolved || !found.forwards_identity() || !found.foreign_recipient) return {};
    if (!found.foreign_recipient->said.contains(".7.25 ")) return {};
    return fmt::format(
        "  WARNING   it takes no mail from a client whose name it is not told: {}.\n"
        "            Set policy.resolve_names = true\n",
        found.foreign_recipient->said);
}

std::string process_lines(const relay::PoolOptions& pool, unsigned workers) {
    const unsigned connections = workers * pool.connections_max;
    if (connections < postfix_process_limit) return {};
    return fmt::format(
        "  WARNING   {} workers times relay.pool.connections_max = {} may open {} connections. The process\n"
        "            limit of the MTA's listener must be above that (Postfix: maxproc in master.cf, {} where "
        "it\n"
        "            says \"-\"), or a full pool puts Postfix into stress mode by itself\n",
        workers, pool.connections_max, connections, postfix_process_limit);
}

}  // namespace

namespace {

/// The first fields of a master.cf line: "127.0.0.1:10025  inet", or "sluice  unix" for a socket in the
/// directory `public` of Postfix's queue.
std::string service_fields(const net::ServerAddress& address) {
    if (!address.is_unix()) return address.to_string() + "  inet";
    return address.path.substr(address.path.rfind('/') + 1) + "  unix";
}

}  // namespace

std::string mta_report(const relay::UpstreamOptions& upstream, const ProbeFindings& found,
                       const Config& config, unsigned workers) {
    std::string out = fmt::format("MTA {}", upstream.address.to_string());
    if (!found.unreachable.empty()) return out + fmt::format(" cannot be used: {}\n", found.unreachable);
    out += fmt::format(" calls itself {}\n", found.host);
    out += tls_line(upstream, found);
    out += offer_lines(found.ehlo.offer);
    out += identity_lines(upstream, found);
    out += pooling_lines(upstream, found);
    out += relay_lines(found);
    out += name_lines(found, config.front.policy.resolve_names);
    out += process_lines(config.relay.pool, workers);
    return out;
}

std::string master_cf_lines(const relay::UpstreamOptions& upstream, const relay::PoolOptions& pool,
                            unsigned workers) {
    // A few more processes than connections: Postfix is "stressed" when all of them are busy.
    const unsigned processes = workers * pool.connections_max + 20;
    const auto timeout = std::max<std::int64_t>(300, 2 * pool.idle_max.count());
    return fmt::format(
        "{}  n  -  y  -  {}  smtpd\n"
        "  -o syslog_name=postfix/sluice\n"
        "  -o smtpd_authorized_xclient_hosts=static:all\n"
        "  -o smtpd_client_connection_count_limit=0\n"
        "  -o smtpd_client_connection_rate_limit=0\n"
        "  -o smtpd_client_message_rate_limit=0\n"
        "  -o smtpd_client_recipient_rate_limit=0\n"
        "  -o smtpd_junk_command_limit=1000000\n"
        "  -o smtpd_soft_error_limit=1000000\n"
        "  -o smtpd_hard_error_limit=1000001\n"
        "  -o smtpd_timeout={}s\n"
        "  -o smtpd_tls_security_level={}\n",
        service_fields(upstream.address), processes, timeout, upstream.wants_tls() ? "may" : "none");
}

}  // namespace sluice::app
