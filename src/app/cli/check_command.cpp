#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <optional>
#include <string>

#include "app/check/all.hpp"
#include "app/check/probe.hpp"
#include "app/check/report.hpp"
#include "app/cli/commands.hpp"
#include "app/config/config.hpp"
#include "app/config/text.hpp"
#include "app/generation/certificates.hpp"
#include "app/generation/generation.hpp"
#include "app/generation/registers.hpp"
#include "app/generation/worker_count.hpp"
#include "app/postfix/postfix_advice.hpp"
#include "app/process/exit_codes.hpp"

namespace sluice::app {

namespace {

bool wants_pooling(const relay::UpstreamOptions& upstream) {
    using relay::IdentityBy;
    return upstream.pooled &&
           (upstream.identity == IdentityBy::automatic || upstream.identity == IdentityBy::xclient);
}

/// A report on the flow control of a Postfix on this machine, which a quick probe cannot see.
std::string brake_report(const relay::UpstreamOptions& upstream, const Config& config,
                         const std::string& directory) {
    if (config.relay.verify.by != relay::VerifyBy::mta) return {};
    const auto postfix = postfix_behind(upstream.address, directory);
    if (!postfix) return {};
    const PostfixService* listener = service_at(*postfix, upstream.address);
    if (listener == nullptr || !brakes_verification(*postfix, *listener)) return {};
    return flow_control_warning(listener->label());
}

/// Probes all MTAs and returns the exit code.
int probe_all(const Config& config, const std::string& directory) {
    const unsigned workers = worker_count(config.workers);
    int code = exit_ok;
    bool advise = false;
    for (const relay::UpstreamOptions& upstream : config.relay.upstreams) {
        const ProbeFindings found = probe_mta(upstream, config);
        fmt::print("\n{}", mta_report(upstream, found, config, workers));
        if (has_errors(upstream, found, config)) code = exit_failed;
        if (!found.unreachable.empty()) continue;
        const std::string brake = brake_report(upstream, config, directory);
        fmt::print("{}", brake);
        if (wants_pooling(upstream) && (!found.pools() || relays_wrongly(upstream, found) || !brake.empty()))
            advise = true;
    }
    if (advise) fmt::print("{}", listener_advice(config, directory));
    return code;
}

/// The settings of the Postfix behind the first MTA on this machine, if they can be read.
std::optional<PostfixSettings> local_postfix(const Config& config, const std::string& directory) {
    for (const relay::UpstreamOptions& upstream : config.relay.upstreams)
        if (auto settings = postfix_behind(upstream.address, directory)) return settings;
    return std::nullopt;
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
    if (flags.print_postconf) return print_postconf(*config, flags.postfix_directory);
    if (flags.print_master_cf) return print_master_cf(*config, flags.postfix_directory);
    fmt::print("{}: every key and value is valid\n",
               flags.run.config.empty() ? "default configuration" : flags.run.config);
    fmt::print("{}", listen_report(*config));
    (void)std::signal(SIGPIPE, SIG_IGN);
    const auto postfix = local_postfix(*config, flags.postfix_directory);
    const Findings findings = check_all(
        *config,
        {.config_file = flags.run.config, .postfix = postfix ? &*postfix : nullptr, .asks = flags.probe});
    fmt::print("{}", findings_text(findings));
    const int code = flags.probe ? probe_all(*config, flags.postfix_directory) : exit_ok;
    return any_hurts(findings) ? exit_failed : code;
}

}  // namespace sluice::app
