#include "app/check/report.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <vector>

#include "base/shown_text.hpp"
#include "relay/identity.hpp"

namespace sluice::app {

namespace {

constexpr std::string_view relayable[] = {"PIPELINING", "SIZE", "8BITMIME",           "SMTPUTF8",
                                          "CHUNKING",   "DSN",  "ENHANCEDSTATUSCODES"};

/// Postfix's default_process_limit, which "-" in the maxproc column means.
constexpr unsigned postfix_process_limit = 100;

/// The lower bound for limits.recipients_max: an MTA must accept this many (RFC 5321 4.5.3.1.8).
constexpr unsigned rfc_recipients_min = 100;

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
    return fmt::format("  TLS       none{}: mail that goes there can be read on the way\n",
                       upstream.wants_tls() ? ", it is not offered" : ", as configured");
}

std::string identity_lines(const relay::UpstreamOptions& upstream, const ProbeFindings& found) {
    using relay::IdentityBy;
    if (upstream.identity == IdentityBy::proxy_v2)
        return "  identity  by the PROXY protocol, as configured: each client needs an MTA connection\n"
               "            of its own\n";
    if (upstream.identity == IdentityBy::none)
        return "  identity  none, as configured: the MTA takes Sluice for the client. Its own address\n"
               "            checks and rate limits see one client, and Sluice\n"
               "            must not be in its mynetworks\n";
    if (found.ehlo.xclient.empty())
        return std::string(
            "  ERROR     Give Sluice a listener that offers XCLIENT, or set identity = \"none\" for it in\n"
            "            relay.mta. XCLIENT is not offered: the MTA counts as down, and clients hear 451.\n"
            "            It would take Sluice for every client, and grant each what it grants Sluice\n");
    if (!found.forwards_identity())
        return fmt::format(
            "  ERROR     Authorise Sluice's address to say XCLIENT: it is offered and then refused: {}\n",
            found.identity->said);
    return fmt::format("  identity  XCLIENT works: {}\n", found.ehlo.xclient);
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
            "            Postfix asks smtpd_authorized_xclient_hosts about the forwarded address too. The\n"
            "            cost: each client needs an MTA connection of its own, about half as much again\n"
            "            of the MTA's CPU time a mail, and the MTA's process limit bounds the clients\n"
            "            served at once.\n",
            found.second_identity->said);
    return "  pooling   does not work without XCLIENT\n";
}

std::string relay_lines(const relay::UpstreamOptions& upstream, const ProbeFindings& found) {
    if (upstream.takes_any_domain) return "  relaying  not asked about: takes_any_domain is set\n";
    std::string out;
    if (found.relays_for_strangers())
        out +=
            "  ERROR     Let nobody relay by being a stranger (the MTA's mynetworks,\n"
            "            smtpd_relay_restrictions; permit_inet_interfaces is true of every client of\n"
            "            Sluice): it takes mail for a domain that is not its own from a client it does\n"
            "            not know, so that whoever can talk to Sluice can send mail anywhere. Only a sink\n"
            "            may do that\n";
    if (found.relays_for_sluice())
        out += fmt::format(
            "  ERROR     Take the address that Sluice connects from out of mynetworks on the MTA's\n"
            "            listener, as the commands of `sluice check --print-postconf` do: it takes mail\n"
            "            for a domain that is not its own from Sluice itself. {}\n",
            found.forwards_identity()
                ? "A connection that loses its client's identity could send mail anywhere"
                : "With identity = \"none\" all clients could send mail anywhere");
    if (!out.empty()) return out;
    const auto& asked = found.foreign_recipient ? found.foreign_recipient : found.own_recipient;
    return asked ? fmt::format("  relaying  refused: {}\n", asked->said) : std::string();
}

/// An MTA may answer X.7.25, "reverse DNS validation failed" (RFC 7372), to a client without a name, such as
/// the one that asks here. This matters when Sluice looks up no names.
std::string name_lines(const ProbeFindings& found, bool names_resolved) {
    if (names_resolved || !found.forwards_identity() || !found.foreign_recipient) return {};
    const std::string& said = found.foreign_recipient->said;
    if (!said.contains(".7.25 ")) return {};
    return fmt::format(
        "  WARNING   Set policy.resolve_names = true: it takes no mail from a client whose name it is\n"
        "            not told:\n"
        "            {}\n",
        said);
}

/// A warning about an MTA that accepts fewer recipients than clients may name.
std::string recipients_lines(const ProbeFindings& found, unsigned recipients_max) {
    if (!found.recipients) return {};
    const RecipientsTaken& recipients = *found.recipients;
    if (recipients.taken == 0)
        return fmt::format(
            "  recipients of one transaction: not found out, it does not take <postmaster>: {}\n",
            recipients.said);
    if (recipients.taken == recipients.asked)
        return fmt::format("  recipients {} in one transaction are taken{}\n", recipients.taken,
                           recipients.taken < recipients_max ? "; no more were asked about" : "");
    return fmt::format(
        "  WARNING   Set smtpd_recipient_limit = {} at the MTA, or limits.recipients_max = {} here:\n"
        "            it takes {} recipients in one transaction, and Sluice lets clients name {}: {}\n",
        recipients_max, std::max(recipients.taken, rfc_recipients_min), recipients.taken, recipients_max,
        recipients.said);
}

/// A warning when clients are offered AUTH that this MTA does not accept.
std::string auth_lines(const ProbeFindings& found, smtp::ServerOptions::Auth auth) {
    if (auth == smtp::ServerOptions::Auth::off || !found.ehlo.auth.empty()) return {};
    return "  WARNING   Let this listener offer AUTH (Postfix: smtpd_sasl_auth_enable = yes, and\n"
           "            smtpd_tls_auth_only = no where Sluice speaks to it without TLS): smtp.auth is\n"
           "            set, and there is nothing to pass it on to\n";
}

std::string process_lines(const relay::PoolOptions& pool, unsigned workers) {
    const unsigned connections = workers * pool.connections_max;
    if (connections < postfix_process_limit) return {};
    return fmt::format(
        "  WARNING   Raise the process limit of the MTA's listener (Postfix: maxproc in master.cf, {}\n"
        "            where it says \"-\") above {}: {} workers times relay.pool.connections_max = {}\n"
        "            may open so many connections, and a full pool puts Postfix into stress mode by\n"
        "            itself\n",
        postfix_process_limit, connections, workers, pool.connections_max);
}

bool listens_on_ipv6(const Config& config) {
    return std::ranges::any_of(config.doors(),
                               [](const Door& door) { return !door.address.address.is_v4(); });
}

/// Whether IPv6 clients can come, and the MTA cannot be told their addresses.
bool loses_ipv6(const ProbeFindings& found, const Config& config) {
    return found.ipv6_identity && !found.takes_ipv6() && listens_on_ipv6(config);
}

std::string ipv6_lines(const ProbeFindings& found, const Config& config) {
    if (!found.ipv6_identity || found.takes_ipv6()) return {};
    if (!loses_ipv6(found, config))
        return fmt::format("            but not for IPv6 clients: {}\n", found.ipv6_identity->said);
    return fmt::format(
        "  ERROR     Set inet_protocols = all in Postfix's main.cf and restart it, or take the IPv6\n"
        "            addresses out of listen: XCLIENT is refused for IPv6 clients ({}), who get no\n"
        "            mail through\n",
        found.ipv6_identity->said);
}

}  // namespace

std::string mta_report(const relay::UpstreamOptions& upstream, const ProbeFindings& found,
                       const Config& config, unsigned workers) {
    std::string out = fmt::format("MTA {}", upstream.address.to_string());
    if (!found.unreachable.empty())
        return out +
               fmt::format(
                   " cannot be used: {}\n"
                   "  ERROR     Start it, or correct relay.mta (`sluice check --print-postconf` prints the\n"
                   "            listener that a Postfix needs): without an MTA all mail is put off\n",
                   found.unreachable);
    out += fmt::format(" calls itself {}\n", shown(found.host));
    out += tls_line(upstream, found);
    out += offer_lines(found.ehlo.offer);
    out += identity_lines(upstream, found);
    out += ipv6_lines(found, config);
    out += pooling_lines(upstream, found);
    out += relay_lines(upstream, found);
    out += name_lines(found, config.front.policy.resolve_names);
    out += recipients_lines(found, config.front.server.limits.recipients_max);
    out += auth_lines(found, config.front.server.auth);
    out += process_lines(config.relay.pool, workers);
    return out;
}

bool relays_wrongly(const relay::UpstreamOptions& upstream, const ProbeFindings& found) {
    return !upstream.takes_any_domain && (found.relays_for_strangers() || found.relays_for_sluice());
}

bool has_errors(const relay::UpstreamOptions& upstream, const ProbeFindings& found, const Config& config) {
    if (!found.unreachable.empty()) return true;
    if (relay::needs_xclient(upstream.identity) && !found.forwards_identity()) return true;
    return relays_wrongly(upstream, found) || loses_ipv6(found, config);
}

std::string flow_control_warning(const std::string& listener) {
    return fmt::format(
        "  WARNING   Give {} a cleanup service of its own with in_flow_delay=0\n"
        "            (cleanup_service_name): each recipient that Sluice asks about costs a token of\n"
        "            Postfix's flow control, and after some hundred each takes a second\n",
        listener);
}

std::string listen_report(const Config& config) {
    std::string out;
    const std::vector<Door> doors = config.doors();
    for (const Door& door : doors) {
        if (door.address.address != IpAddress::v6({})) continue;
        const bool with_ipv4 = std::ranges::any_of(doors, [&](const Door& other) {
            return other.address.address.is_v4() && other.address.port == door.address.port;
        });
        if (with_ipv4) continue;
        out += fmt::format(
            "WARNING   Add \"0.0.0.0:{0}\" to {1} if IPv4 clients are to be served: "
            "\"[::]:{0}\" alone is IPv6 only\n",
            door.address.port, door.wrapping == front::Wrapping::none ? "listen" : "tls_listen");
    }
    return out;
}

}  // namespace sluice::app
