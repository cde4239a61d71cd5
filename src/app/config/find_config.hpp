// Finds the configuration for a command that was not told one: the file at its usual place, or else the one
// that the Sluice on this machine runs with.
//
// The running one is found in the kernel's list of processes, and only by root, who may inspect other
// processes. Only a supervisor that runs as root is looked at: root can tell us anything anyway. A file or
// directory counts only if it is the same for that process and for us, which it is not for a Sluice in a
// container. (A file that records the running configuration would have to be written by a supervisor that has
// given up the right to.)
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/config/config.hpp"
#include "app/config/run_flags.hpp"

namespace sluice::app {

inline constexpr const char* default_config = "/etc/sluice/sluice.toml";

/// Returns `flags` with default_config where they name no file and that file exists. If it exists but cannot
/// be read, that is an error later on, and no reason to go without it.
RunFlags with_default_config(RunFlags flags);

/// The same for a command that looks for a running Sluice. Where flags name nothing and the default file is
/// absent, the file and the state directory of the running Sluice are used, and reported on standard error.
/// Throws StartError when several run that differ in these.
RunFlags find_running(RunFlags flags);

/// Reads the configuration by these flags, which have been through one of the two above. On errors it prints
/// them and returns nothing; the exit code is then exit_usage.
std::optional<Config> config_or_errors(const RunFlags& flags);

/// The file and the state directory that `sluice run` was given; nothing when `words` are not a `sluice run`.
/// Relative paths refer to `directory`.
std::optional<RunFlags> flags_of_run(const std::vector<std::string>& words, const std::string& directory);

/// Explains why no Sluice can be asked with a configuration without a state directory; `flags` as found.
std::string no_state_dir_text(const RunFlags& flags);

}  // namespace sluice::app
