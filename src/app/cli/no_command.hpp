// Handles a command line whose first word is no command.
#pragma once

#include <string_view>

namespace CLI {
class App;
}

namespace sluice::app {

/// Prints an error with the command that was probably meant; `word` is empty when there was none. Returns the
/// exit code.
int refuse_command(const CLI::App& app, std::string_view word);

}  // namespace sluice::app
