#include "app/postfix/listener_place.hpp"

#include <fmt/format.h>
#include <optional>

#include "base/decimal.hpp"

namespace sluice::app {

namespace {

constexpr std::uint16_t port_first = 10025, port_last = 10099;

/// Whether an earlier print of ours made this entry for Sluice.
bool is_sluices(const PostfixService& service) {
    return service.option("cleanup_service_name") == "sluice-cleanup" ||
           service.option("syslog_name") == "postfix/sluice";
}

/// Whether relay.mta, which names this address, can mean the entry: it is Sluice's, or it accepts XCLIENT.
bool may_be_sluices(const PostfixService& service) {
    return is_sluices(service) || service.option("smtpd_authorized_xclient_hosts").has_value();
}

/// The present user of the place; nothing = the place is free, or Sluice's.
std::optional<std::string> taken_by(const net::ServerAddress& address, const PostfixSettings& postfix,
                                    const InUse& in_use, bool (*ours)(const PostfixService&)) {
    bool there = false;
    for (const PostfixService& service : postfix.services) {
        if (!listens_at(service, address)) continue;
        if (!ours(service)) return service.label() + " of master.cf, which is not Sluice's";
        there = true;
    }
    if (there) return std::nullopt;
    if (in_use(address)) return "a program that is not in master.cf";
    return std::nullopt;
}

/// The port of a listener that an earlier print gave to Sluice.
std::optional<std::uint16_t> sluices_port(const PostfixSettings& postfix, net::ServerAddress address,
                                          const InUse& in_use) {
    for (const PostfixService& service : postfix.services) {
        const auto port = parse_decimal<std::uint16_t>(service_port(service.name));
        if (!port || !is_sluices(service)) continue;
        address.tcp.port = *port;
        if (listens_at(service, address) && !taken_by(address, postfix, in_use, is_sluices)) return port;
    }
    return std::nullopt;
}

}  // namespace

bool is_for_clients(std::uint16_t port) {
    return port == 25 || port == 465 || port == 587;
}

std::expected<ListenerPlace, std::string> place_listener(const net::ServerAddress& wished,
                                                         const PostfixSettings* postfix,
                                                         const InUse& in_use) {
    ListenerPlace place{.address = wished, .instead = {}};
    if (wished.is_unix()) return place;
    if (is_for_clients(wished.tcp.port)) {
        place.instead = fmt::format("port {} is for clients", wished.tcp.port);
    } else if (postfix != nullptr) {
        if (const auto who = taken_by(wished, *postfix, in_use, may_be_sluices))
            place.instead = fmt::format("{} is taken by {}", wished.to_string(), *who);
    }
    if (place.instead.empty()) return place;
    place.address.tcp.port = port_first;
    if (postfix == nullptr) return place;
    if (const auto former = sluices_port(*postfix, wished, in_use)) {
        place.address.tcp.port = *former;
        return place;
    }
    for (std::uint16_t port = port_first; port <= port_last; ++port) {
        place.address.tcp.port = port;
        if (!taken_by(place.address, *postfix, in_use, is_sluices)) return place;
    }
    return std::unexpected(fmt::format("Name a free port in relay.mta: {}, and from {} to {} none is free",
                                       place.instead, port_first, port_last));
}

}  // namespace sluice::app
