#include "app/cli/no_command.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>
#include <string>
#include <vector>

#include "app/config/reading.hpp"
#include "app/process/exit_codes.hpp"
#include "base/shown_text.hpp"

namespace sluice::app {

int refuse_command(const CLI::App& app, std::string_view word) {
    std::vector<std::string> commands;
    for (const CLI::App* command : app.get_subcommands({}))
        commands.push_back(command->get_name());
    const std::vector<std::string_view> names(commands.begin(), commands.end());
    const std::string_view nearest = nearest_name(word, names);
    std::string what = word.empty() ? "name a command" : fmt::format("there is no command {}", shown(word));
    if (!word.empty() && !nearest.empty()) what += fmt::format("; did you mean {}?", nearest);
    fmt::print(stderr, "sluice: {}\n`sluice --help` lists all; `sluice check` is where to begin\n", what);
    return exit_usage;
}

}  // namespace sluice::app
