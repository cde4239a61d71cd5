// `sluice reload`, `upgrade`, `metrics` and `sessions`: they ask the running supervisor and print its answer.
#include <cstdio>
#include <fmt/format.h>
#include <functional>
#include <string>

#include "app/cli/commands.hpp"
#include "app/config/config.hpp"
#include "app/config/find_config.hpp"
#include "app/process/control.hpp"
#include "app/process/exit_codes.hpp"
#include "app/process/start_error.hpp"
#include "app/worker/held_text.hpp"

namespace sluice::app {

namespace {

/// Longer than the supervisor allows workers for their start.
constexpr Seconds patience{90};

/// Prints the supervisor's answer after `shown` has made it readable.
int ask(const RunFlags& given, Command command,
        const std::function<std::string(const std::string& lines)>& shown = std::identity()) {
    const RunFlags flags = find_running(given);
    const auto config = config_or_errors(flags);
    if (!config) return exit_usage;
    if (config->state_dir.empty()) {
        fmt::print(stderr, "sluice: {}\n", no_state_dir_text(flags));
        return exit_usage;
    }
    const Answered answered = ask_supervisor(config->state_dir, word_of(command), patience);
    if (answered.done)
        fmt::print("{}", shown(answered.lines));
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

int list_sessions(const SessionsFlags& flags) {
    const HeldWanted wanted{.lane = policy::lane_named(flags.lane), .top = flags.top};
    return ask(flags.run, Command::sessions, [&wanted](const std::string& lines) {
        const auto held = parse_held(lines);
        if (!held) throw StartError("the Sluice that runs tells of its sessions in another way: upgrade it");
        return held_table(*held, wanted);
    });
}

int upgrade(const RunFlags& flags) {
    return ask(flags, Command::upgrade);
}

}  // namespace sluice::app
