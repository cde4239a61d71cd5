// sluice-load: the clients of the bench (see options.cpp for the command line).
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <fmt/format.h>

#include "load/crew.hpp"
#include "load/options.hpp"

namespace {

load::Crew* running = nullptr;

void on_signal(int) {
    running->stop();
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) try {
    const load::ParseResult parsed = load::parse_options(argc, argv);
    if (!parsed.options) return parsed.exit_code;
    raise_descriptor_limit();
    load::Crew crew(*parsed.options);
    running = &crew;
    if (parsed.options->mode == load::Mode::hold) {
        struct sigaction action{};
        action.sa_handler = on_signal;
        sigaction(SIGTERM, &action, nullptr);
        sigaction(SIGINT, &action, nullptr);
    }
    return crew.run();
} catch (const std::exception& error) {
    fmt::print(stderr, "sluice-load: {}\n", error.what());
    return 2;
}
