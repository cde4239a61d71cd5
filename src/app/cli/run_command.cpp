#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <fmt/format.h>
#include <utility>

#include "app/cli/commands.hpp"
#include "app/config/config.hpp"
#include "app/generation/generation.hpp"
#include "app/process/control.hpp"
#include "app/process/exit_codes.hpp"
#include "app/process/listeners.hpp"
#include "app/process/start_error.hpp"
#include "app/process/systemd.hpp"
#include "app/supervisor/successor.hpp"
#include "app/supervisor/supervisor.hpp"
#include "guard/privileges.hpp"

namespace sluice::app {

namespace {

/// The capabilities that a root supervisor keeps: to bind ports below 1024, to change the user of workers and
/// to signal them, and to read certificates of any owner. (A binary executed by an upgrade has no more.)
constexpr cap_value_t supervisors_capabilities[] = {CAP_NET_BIND_SERVICE, CAP_SETUID, CAP_SETGID, CAP_KILL,
                                                    CAP_DAC_READ_SEARCH};

void log_start(const Generation& generation, const Listeners& listeners) {
    const Config& config = generation.config;
    const EventLog events = events_of(generation);
    std::string listen;
    for (const net::Endpoint& endpoint : listeners.endpoints())
        listen += fmt::format("{}{}", listen.empty() ? "" : " ", endpoint.to_string());
    std::string relay;
    for (const auto& upstream : config.relay.upstreams)
        relay += fmt::format("{}{}", relay.empty() ? "" : " ", upstream.address.to_string());
    events.event("started", {{"version", std::string_view(SLUICE_VERSION)},
                             {"pid", std::int64_t{::getpid()}},
                             {"hostname", std::string_view(config.front.server.hostname)},
                             {"listen", std::string_view(listen)},
                             {"mta", std::string_view(relay)},
                             {"workers", std::int64_t{generation.workers()}}});
    if (::geteuid() == 0 && !generation.user)
        events.event("runs_as_root", {{"why", std::string_view("user is not set")}});
    if (::geteuid() != 0 && !config.user.empty())
        events.event("user_not_changed",
                     {{"why", std::string_view("only root can give workers another user")}});
}

/// Returns the exit code.
int supervise(const RunFlags& flags, Config config, const Predecessor& predecessor) {
    if (!predecessor && !config.state_dir.empty()) require_no_other(config.state_dir);
    auto registers = load_registers(config);
    const auto generation = make_generation(std::move(config), std::move(registers), nullptr);
    // Sockets bound by systemd or by the preceding Sluice come first; missing ones are bound.
    std::vector<Door> doors = generation->config.doors();
    const Listeners passed(passed_sockets(), doors);
    Listeners listeners(passed, doors, generation->workers(), generation->config.listening);
    std::vector<ListeningSocket> surplus = passed.without(listeners);
    if (!predecessor && !surplus.empty())
        throw StartError(fmt::format("listen does not name {}, for which a socket is passed on",
                                     net::local_endpoint(surplus.front()->fd.get()).to_string()));
    log_start(*generation, listeners);
    return Supervisor(flags, generation, std::move(listeners), std::move(surplus), predecessor).run();
}

}  // namespace

int run(const RunFlags& flags) {
    const Predecessor predecessor = find_predecessor();
    const ConfigResult<Config> config = configure(flags);
    if (!config) {
        for (const ConfigError& error : config.error()) {
            fmt::print(stderr, "sluice: {}\n", error.to_string());
            predecessor.complain(error.to_string());
        }
        return exit_usage;
    }
    (void)std::signal(SIGPIPE, SIG_IGN);
    guard::keep_capabilities(supervisors_capabilities);
    guard::keep_to_itself();
    try {
        return supervise(flags, *config, predecessor);
    } catch (const std::exception& error) {
        predecessor.complain(error.what());
        throw;
    }
}

}  // namespace sluice::app
