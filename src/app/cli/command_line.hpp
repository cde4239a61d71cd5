// The commands of the binary and their flags. `sluice --help` is the reference.
#pragma once

namespace sluice::app {

/// Runs the command that the arguments name; returns the exit code (exit_codes.hpp).
int run_command_line(int argc, char** argv);

}  // namespace sluice::app
