#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <string>

#include "app/cli/commands.hpp"
#include "app/config/config.hpp"
#include "app/generation/descriptors.hpp"
#include "app/process/exit_codes.hpp"
#include "app/process/listeners.hpp"
#include "app/process/service.hpp"
#include "app/process/start_error.hpp"
#include "app/worker/worker.hpp"
#include "front/front.hpp"
#include "sink/maildir.hpp"
#include "sink/sink.hpp"

namespace sluice::app {

namespace {

sink::Recipients read_recipients(const std::string& path) {
    if (path.empty()) return {};
    std::ifstream in(path, std::ios::binary);
    if (!in) throw StartError(fmt::format("--recipients {}: cannot be read", path));
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return sink::Recipients(text);
}

front::FrontOptions front_options(const SinkFlags& flags) {
    const Config config;
    front::FrontOptions options;
    options.server.hostname = flags.hostname;
    options.server.accept_xclient = true;
    options.allowed.add(smtp::Extension::xclient).set_size_max(options.server.limits.message_octets_max);
    options.policy.unknown_recipients.slow_after = 0;
    options.policy.signals = policy::SignalOptions::none();
    // Each connection carries many clients' mail, so it must not be closed for their errors.
    options.server.limits.errors_max = 1'000'000'000;
    options.server.limits.junk_commands_max = 1'000'000'000;
    options.server.limits.transactions_max = 1'000'000'000;
    options.drain_max = Seconds{5};
    options.sessions_max =
        sessions_within(raise_descriptor_limit(), options.sessions_max, descriptors_beside_sessions(config));
    return options;
}

/// Logs one line for each mail.
void log_stored(const EventLog& events, const sink::Stored& stored) {
    std::string to;
    for (const smtp::Recipient& recipient : stored.envelope.recipients)
        to += fmt::format("{}{}", to.empty() ? "" : " ", recipient.address);
    const std::string client = stored.client.address.to_string();
    events.event("stored", {{"file", std::string_view(stored.file)},
                            {"client", std::string_view(client)},
                            {"name", std::string_view(stored.client.name)},
                            {"helo", std::string_view(stored.client.helo)},
                            {"from", std::string_view(stored.envelope.sender)},
                            {"to", std::string_view(to)},
                            {"octets", static_cast<std::int64_t>(stored.octets)}});
}

std::vector<Door> listen_addresses(const SinkFlags& flags) {
    std::vector<Door> doors;
    for (const std::string& text : flags.listen) {
        const auto endpoint = net::Endpoint::parse(text);
        if (!endpoint) throw StartError(fmt::format("--listen {}: not ADDRESS:PORT", text));
        doors.push_back({.address = *endpoint});
    }
    return doors;
}

}  // namespace

int sink(const SinkFlags& flags) {
    (void)std::signal(SIGPIPE, SIG_IGN);
    std::vector<Door> doors = listen_addresses(flags);
    const front::FrontOptions options = front_options(flags);
    sink::Maildir maildir(flags.maildir, flags.hostname);
    Listeners listeners(Listeners(), doors, 1, {});

    LogFile log_file("stdout");
    Service service(flags.log == "pretty" ? LogFormat::pretty : LogFormat::json, log_file);
    sink::Sink backend(service.loop(), service.offload(), maildir,
                       {flags.hostname, read_recipients(flags.recipients)},
                       [&](const sink::Stored& stored) { log_stored(service.events(), stored); });
    // The sink logs mail only; the Sluice in front logs the sessions.
    LogFile nowhere("/dev/null");
    net::LogWriter quiet(nowhere.fd());
    front::Front front(
        {service.loop(), service.offload(), nullptr, backend.parts(), nullptr, quiet, service.log_format()},
        options);
    for (const ListeningSocket& listener : listeners.of(0))
        front.serve(listener->fd.get(), listener->wrapping);
    for (const Door& door : doors) {
        const std::string listen = door.address.to_string();
        service.events().event("started", {{"listen", std::string_view(listen)},
                                           {"maildir", std::string_view(flags.maildir)},
                                           {"pid", std::int64_t{::getpid()}}});
    }
    service.run(
        [&] {
            front.drain([&] { service.stop(); });
            listeners = Listeners();
        },
        options.drain_max + end_grace);
    return exit_ok;
}

}  // namespace sluice::app
