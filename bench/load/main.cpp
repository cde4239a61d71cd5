// sluice-load: the clients of the bench (see options.cpp for the command line).
#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <fmt/format.h>

#include "load/options.hpp"
#include "load/run.hpp"

namespace {

load::Run* running = nullptr;

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
    // Makes timers as exact as the kernel allows, because an open loop begins its units by the clock.
    prctl(PR_SET_TIMERSLACK, 1UL);
    load::Run run(*parsed.options);
    running = &run;
    if (parsed.options->seconds > 0) {
        struct sigaction action{};
        action.sa_handler = on_signal;
        sigaction(SIGTERM, &action, nullptr);
        sigaction(SIGINT, &action, nullptr);
    }
    return run.to_the_end();
} catch (const std::exception& error) {
    fmt::print(stderr, "sluice-load: {}\n", error.what());
    return 2;
}
