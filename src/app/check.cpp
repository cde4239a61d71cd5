#include <csignal>
#include <cstdio>
#include <fmt/format.h>

#include "app/certificates.hpp"
#include "app/check_report.hpp"
#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/config_text.hpp"
#include "app/exit_codes.hpp"
#include "app/generation.hpp"
#include "app/probe.hpp"
#include "app/registers.hpp"
#include "app/worker_count.hpp"

namespace sluice::app {

namespace {

bool wants_pooling(const relay::UpstreamOptions& upstream) {
    using relay::IdentityBy;
    return upstream.pooled &&
           (upstream.identity == IdentityBy::automatic || upstream.identity == IdentityBy::xclient);
}

/// The listener of its own that Postfix is to give Sluice: where the first MTA is expected, but never
/// port 25.
relay::UpstreamOptions private_listener(const Config& config) {
    relay::UpstreamOptions expected = config.relay.upstreams.front();
    if (expected.address.tcp.port == 25)
        expected.address.tcp = net::Endpoint{IpAddress::v4({127, 0, 0, 1}), 10025};
    return expected;
}

/// Probes all MTAs; the exit code.
int probe_all(const Config& config) {
    const unsigned workers = worker_count(config.workers);
    int code = exit_ok;
    bool advise = false;
    for (const relay::UpstreamOptions& upstream : config.relay.upstreams) {
        const ProbeFindings found = probe_mta(upstream, config);
        fmt::print("\n{}", mta_report(upstream, found, config, workers));
        if (!found.unreachable.empty()) code = exit_failed;
        if (upstream.identity == relay::IdentityBy::xclient && !found.forwards_identity()) code = exit_failed;
        if (wants_pooling(upstream) && found.unreachable.empty() && !found.pools()) advise = true;
    }
    if (advise) {
        const relay::UpstreamOptions listener = private_listener(config);
        fmt::print(
            "\nTo make pooling work, give Postfix a listener of its own for Sluice, which nobody else can "
            "reach:\n"
            "append these lines to its master.cf, run `postfix reload`, and set relay.mta = [\"{}\"]\n"
            "(or give the --relay flag). Whoever can connect to it can pretend to be any client.\n\n{}",
            listener.address.to_string(), master_cf_lines(listener, config.relay.pool, workers));
    }
    return code;
}

}  // namespace

int check(const CheckFlags& flags) {
    if (flags.print_defaults) {
        fmt::print("{}", default_config_text());
        return exit_ok;
    }
    if (flags.print_reference) {
        fmt::print("{}", config_reference());
        return exit_ok;
    }
    const ConfigResult<Config> config = configure(flags.run);
    if (!config) {
        for (const ConfigError& error : config.error())
            fmt::print(stderr, "sluice: {}\n", error.to_string());
        return exit_usage;
    }
    (void)load_certificates(*config);
    check_authorities(*config);
    (void)load_registers(*config);
    (void)workers_user(*config);
    if (flags.print_master_cf) {
        fmt::print("{}", master_cf_lines(private_listener(*config), config->relay.pool,
                                         worker_count(config->workers)));
        return exit_ok;
    }
    fmt::print("{}: no errors\n", flags.run.config.empty() ? "default configuration" : flags.run.config);
    (void)std::signal(SIGPIPE, SIG_IGN);
    return flags.probe ? probe_all(*config) : exit_ok;
}

}  // namespace sluice::app
