// A command line whose first word is no command.
#pragma once

#include <string_view>

namespace CLI {
class App;
}

namespace sluice::app {

/// Says so, and which command may have been meant; `word` is empty when there was none. The exit code.
int refuse_command(const CLI::App& app, std::string_view word);

}  // namespace sluice::app
