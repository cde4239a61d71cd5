#include "front/health_check.hpp"

#include <utility>

namespace sluice::front {

std::string_view name_of(HealthCheck check) {
    if (check == HealthCheck::none) return "none";
    return metric_values::health_checks[static_cast<std::size_t>(check) - 1];
}

HealthCheck health_check_of(const wire::ProxyDecoded& header, const net::Endpoint& peer) {
    if (header.local) return HealthCheck::local;
    if (!header.addresses) return HealthCheck::unnamed;
    // The port is compared, too: a mail server on the balancer's machine that connects through it is a
    // client.
    const bool itself =
        header.addresses->source == peer.address && header.addresses->source_port == peer.port;
    return itself ? HealthCheck::itself : HealthCheck::none;
}

bool may_be_a_client(HealthCheck check) {
    return check == HealthCheck::local || check == HealthCheck::unnamed || check == HealthCheck::silent;
}

smtp::Reply no_mail_reply(HealthCheck check) {
    if (may_be_a_client(check)) return {451, "4.3.5 " + std::string(reason_of(ProxyFault::no_client))};
    return {554, "5.7.1 A health check sends no mail"};
}

std::string_view name_of(ProxyFault fault) {
    return metric_values::proxy_faults[static_cast<std::size_t>(fault)];
}

std::string_view reason_of(ProxyFault fault) {
    switch (fault) {
        case ProxyFault::missing: return "No PROXY header comes before the first command";
        case ProxyFault::late: return "The PROXY header comes after the greeting";
        case ProxyFault::broken: return "The PROXY header is malformed";
        case ProxyFault::mixed_families: return "The PROXY header mixes IPv4 and IPv6";
        case ProxyFault::no_client: return "No PROXY header names the client";
    }
    return {};
}

ProxyFault proxy_fault_of(wire::ProxyDecoded::Fault fault) {
    switch (fault) {
        case wire::ProxyDecoded::Fault::missing: return ProxyFault::missing;
        case wire::ProxyDecoded::Fault::mixed_families: return ProxyFault::mixed_families;
        default: return ProxyFault::broken;
    }
}

smtp::Reply proxy_fault_reply(ProxyFault fault) {
    return {421, "4.3.5 " + std::string(reason_of(fault))};
}

bool ProxyFaultNews::is_news(ProxyFault fault, Instant now) {
    auto& told = told_.at(static_cast<std::size_t>(fault));
    if (told && now < *told + every) return false;
    told = now;
    return true;
}

}  // namespace sluice::front
