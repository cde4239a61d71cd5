// The exit codes of the commands.
#pragma once

namespace sluice::app {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;  // a failure at run time: a port in use, an MTA that does not answer
inline constexpr int exit_usage = 2;   // a flag or the configuration is wrong

/// The exit code of a worker that could not be set up; used between a worker and its supervisor only.
inline constexpr int exit_cannot_start = 78;

}  // namespace sluice::app
