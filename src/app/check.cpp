#include <csignal>
#include <cstdio>
#include <expected>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <utility>

#include "app/certificates.hpp"
#include "app/check_all.hpp"
#include "app/check_report.hpp"
#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/config_text.hpp"
#include "app/exit_codes.hpp"
#include "app/generation.hpp"
#include "app/master_cf.hpp"
#include "app/postconf.hpp"
#include "app/probe.hpp"
#include "app/registers.hpp"
#include "app/start_error.hpp"
#include "app/worker_count.hpp"
#include "net/source_address.hpp"

namespace sluice::app {

namespace {

bool wants_pooling(const relay::UpstreamOptions& upstream) {
    using relay::IdentityBy;
    return upstream.pooled &&
           (upstream.identity == IdentityBy::automatic || upstream.identity == IdentityBy::xclient);
}

/// It is on this machine, so that its Postfix is the one behind.
bool is_here(const net::ServerAddress& address) {
    return address.is_local() || net::source_towards(address.tcp) == address.tcp.address;
}

/// The listener of its own that Postfix is to give Sluice: where the first MTA is expected, but never on
/// port 25.
ListenerWish private_listener(const Config& config) {
    ListenerWish wish{.mta = config.relay.upstreams.front(),
                      .pool = config.relay.pool,
                      .workers = worker_count(config.workers),
                      .source = std::nullopt};
    net::ServerAddress& address = wish.mta.address;
    if (!address.is_unix() && address.tcp.port == 25) {
        if (is_here(address)) address.tcp.address = IpAddress::v4({127, 0, 0, 1});
        address.tcp.port = 10025;
    }
    if (!address.is_local()) wish.source = net::source_towards(address.tcp);
    return wish;
}

/// What the Postfix behind is set to, if that can be read here. Throws when it was named and cannot be.
std::optional<PostfixSettings> postfix_behind(const net::ServerAddress& address,
                                              const std::string& directory) {
    if (directory.empty() && !is_here(address)) return std::nullopt;
    std::expected<PostfixSettings, std::string> read = read_postfix(directory);
    if (read) return std::move(*read);
    if (!directory.empty()) throw StartError(read.error());
    return std::nullopt;
}

std::expected<std::string, std::string> listener_lines(const Config& config, const std::string& directory) {
    const ListenerWish wish = private_listener(config);
    const auto postfix = postfix_behind(wish.mta.address, directory);
    return master_cf_lines(wish, postfix ? &*postfix : nullptr);
}

int print_listener(const Config& config, const std::string& directory) {
    const auto lines = listener_lines(config, directory);
    if (!lines) {
        fmt::print(stderr, "sluice: no lines for master.cf. {}\n", lines.error());
        return exit_failed;
    }
    fmt::print("{}", *lines);
    return exit_ok;
}

void advise_listener(const Config& config, const std::string& directory) {
    const auto lines = listener_lines(config, directory);
    fmt::print(
        "\nGive Postfix a listener of its own for Sluice, which nobody else can reach: append these lines to "
        "its\n"
        "master.cf, run `postfix reload`, and set relay.mta = [\"{}\"] (or give the --relay flag).\n"
        "Whoever can connect to it can pretend to be any client.\n\n{}",
        private_listener(config).mta.address.to_string(), lines ? *lines : lines.error() + "\n");
}

/// Where Postfix is on this machine: its flow control, which no probe can see in a hurry.
std::string brake_report(const relay::UpstreamOptions& upstream, const Config& config,
                         const std::string& directory) {
    if (config.relay.verify.by != relay::VerifyBy::mta) return {};
    const auto postfix = postfix_behind(upstream.address, directory);
    if (!postfix) return {};
    const PostfixService* listener = service_at(*postfix, upstream.address);
    if (listener == nullptr || !brakes_verification(*postfix, *listener)) return {};
    return flow_control_warning(listener->label());
}

/// Probes all MTAs; the exit code.
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
    if (advise) advise_listener(config, directory);
    return code;
}

/// The Postfix behind the first MTA that is on this machine, if it says what it is set to.
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
    if (flags.print_master_cf) return print_listener(*config, flags.postfix_directory);
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
