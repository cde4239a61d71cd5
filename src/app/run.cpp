#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fmt/format.h>

#include "app/certificates.hpp"
#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/descriptors.hpp"
#include "app/event_log.hpp"
#include "app/exit_codes.hpp"
#include "app/listeners.hpp"
#include "app/log_file.hpp"
#include "app/start_error.hpp"
#include "app/supervisor.hpp"
#include "app/worker_count.hpp"

namespace sluice::app {

namespace {

void make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST)
        throw StartError(
            fmt::format("cannot make directory {}: {}", path, std::generic_category().message(errno)));
}

/// The directories that must be there, and be ours to write into.
void prepare_directories(const Config& config) {
    if (!config.state_dir.empty()) {
        make_directory(config.state_dir);
        if (config.front.spool.directory.starts_with(config.state_dir + '/'))
            make_directory(config.front.spool.directory);
    }
    if (::access(config.front.spool.directory.c_str(), W_OK | X_OK) != 0)
        throw StartError(fmt::format("cannot write into {} (spool.directory): {}",
                                     config.front.spool.directory, std::generic_category().message(errno)));
}

/// Lowers the sessions of a worker to what its descriptors allow, and says so.
void fit_sessions(Config& config, const EventLog& events) {
    const std::uint64_t limit = raise_descriptor_limit();
    const unsigned fitting =
        sessions_within(limit, config.front.sessions_max, descriptors_beside_sessions(config));
    if (fitting < config.front.sessions_max)
        events.event(
            "sessions_lowered",
            {{"why", std::string_view("the limit of file descriptors (ulimit -Hn, LimitNOFILE=) is too "
                                      "low for limits.sessions_max")},
             {"descriptors", static_cast<std::int64_t>(limit)},
             {"sessions_max", std::int64_t{config.front.sessions_max}},
             {"sessions_max_now", std::int64_t{fitting}}});
    config.front.sessions_max = fitting;
}

void log_start(const Config& config, unsigned workers, const EventLog& events) {
    std::string listen;
    for (const net::Endpoint& endpoint : config.listen)
        listen += fmt::format("{}{}", listen.empty() ? "" : " ", endpoint.to_string());
    std::string relay;
    for (const auto& upstream : config.relay.upstreams)
        relay += fmt::format("{}{}", relay.empty() ? "" : " ", upstream.address.to_string());
    events.event("started", {{"version", std::string_view(SLUICE_VERSION)},
                             {"pid", std::int64_t{::getpid()}},
                             {"hostname", std::string_view(config.front.server.hostname)},
                             {"listen", std::string_view(listen)},
                             {"mta", std::string_view(relay)},
                             {"workers", std::int64_t{workers}}});
}

}  // namespace

int run(const RunFlags& flags) {
    ConfigResult<Config> configured = configure(flags);
    if (!configured) {
        for (const ConfigError& error : configured.error())
            fmt::print(stderr, "sluice: {}\n", error.to_string());
        return exit_usage;
    }
    Config& config = *configured;

    (void)std::signal(SIGPIPE, SIG_IGN);
    LogFile log_file(config.log.destination);
    const EventLog events(config.log.format,
                          [&](std::string_view line) { write_without_waiting(log_file.fd(), line); });
    prepare_directories(config);
    fit_sessions(config, events);
    const auto certificates = load_certificates(config);
    check_authorities(config);
    const unsigned workers = worker_count(config.workers);
    std::vector<WorkerListeners> listeners = bind_listeners(config.listen, workers, config.listening);
    log_start(config, workers, events);
    return Supervisor(config, certificates.get(), std::move(listeners), log_file, events).run();
}

}  // namespace sluice::app
