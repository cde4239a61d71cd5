#include "app/check/all.hpp"

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "app/check/certificates.hpp"
#include "app/check/dns.hpp"
#include "app/check/files.hpp"
#include "app/check/networks.hpp"
#include "app/check/off.hpp"
#include "app/check/own_clients.hpp"
#include "app/check/ports.hpp"
#include "app/check/redis.hpp"
#include "app/generation/generation.hpp"

namespace sluice::app {

namespace {

/// The operator's own networks, as far as this machine shows them.
std::vector<Network> own_networks(const PostfixSettings* postfix) {
    std::vector<Network> networks = private_networks();
    if (postfix != nullptr)
        std::ranges::copy(trusted_networks(postfix->parameter("mynetworks")), std::back_inserter(networks));
    return networks;
}

}  // namespace

Findings check_all(const Config& config, const CheckScope& scope) {
    const bool as_root = ::geteuid() == 0;
    // These probes fork, so they run before DNS has started threads.
    Findings findings = probe_files(config, workers_user(config));
    if (!as_root && !config.user.empty())
        findings.push_back({Severity::advice,
                            "Run sluice check as root, as Sluice is started: the findings on files and ports "
                            "are about this user's rights"});
    add(findings, probe_own_clients(config.log.destination, own_networks(scope.postfix)));
    add(findings, probe_certificates(config));
    add(findings, redis_files(config));
    add(findings, probe_ports(config, scope.config_file));
    if (scope.asks) {
        add(findings, probe_dns(config));
        add(findings, probe_redis(config));
    }
    if (scope.postfix != nullptr)
        add(findings,
            networks_findings(scope.postfix->parameter("mynetworks"), config.front.policy.networks));
    add(findings, what_is_off(config, as_root, scope.postfix));
    return findings;
}

}  // namespace sluice::app
