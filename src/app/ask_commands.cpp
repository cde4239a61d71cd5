// `sluice reload`, `sluice upgrade` and `sluice metrics`: they ask the running supervisor, and say what it
// answers.
#include <cstdio>
#include <fmt/format.h>

#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/control.hpp"
#include "app/exit_codes.hpp"

namespace sluice::app {

namespace {

/// Longer than a supervisor gives workers to start.
constexpr Seconds patience{90};

int ask(const RunFlags& flags, Command command) {
    const ConfigResult<Config> config = configure(flags);
    if (!config) {
        for (const ConfigError& error : config.error())
            fmt::print(stderr, "sluice: {}\n", error.to_string());
        return exit_usage;
    }
    if (config->state_dir.empty()) {
        fmt::print(stderr,
                   "sluice: without a state_dir no Sluice can be asked; send the supervisor SIGHUP\n");
        return exit_usage;
    }
    const Answered answered = ask_supervisor(config->state_dir, word_of(command), patience);
    if (answered.done)
        fmt::print("{}", answered.lines);
    else
        fmt::print(stderr, "sluice: {} is refused:\n{}", word_of(command), answered.lines);
    return answered.done ? exit_ok : exit_failed;
}

}  // namespace

int reload(const RunFlags& flags) {
    return ask(flags, Command::reload);
}

int print_metrics(const RunFlags& flags) {
    return ask(flags, Command::metrics);
}

int upgrade(const RunFlags& flags) {
    return ask(flags, Command::upgrade);
}

}  // namespace sluice::app
