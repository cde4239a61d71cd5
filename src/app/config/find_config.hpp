// Which configuration a command means that was not told: the file where it belongs, or else the one that the
// Sluice on this machine runs with.
//
// The running one is found by the kernel's list of processes, and by root alone, who may look into others.
// Only a supervisor of root's is looked at, who can tell us anything anyway; and only a file or directory
// that is the same for it and for us, which that of a Sluice in a container is not. (A file that says where
// the running one is would have to be written by a supervisor that has given up the right to.)
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/config/config.hpp"
#include "app/config/run_flags.hpp"

namespace sluice::app {

inline constexpr const char* default_config = "/etc/sluice/sluice.toml";

/// `flags` with default_config where they name no file and that one is there. One that is there and cannot be
/// read is an error later on, and no reason to do without.
RunFlags with_default_config(RunFlags flags);

/// The same for a command that looks for a running Sluice; where flags name nothing and the file is absent,
/// with the file and the state directory of the one that runs, which is told on standard error. Throws
/// StartError when several run that differ in these.
RunFlags find_running(RunFlags flags);

/// The configuration by these flags, which have been through one of the two. Its errors are printed; then
/// nothing, which is exit_usage.
std::optional<Config> config_or_errors(const RunFlags& flags);

/// The file and the state directory that `sluice run` was given; nothing when these words are no `sluice
/// run`. What is relative is so to `directory`.
std::optional<RunFlags> flags_of_run(const std::vector<std::string>& words, const std::string& directory);

/// Why no Sluice can be asked with a configuration that names no state directory, for `flags` as found.
std::string no_state_dir_text(const RunFlags& flags);

}  // namespace sluice::app
