// What the commands exit with.
#pragma once

namespace sluice::app {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;  // something at run time: a port in use, an MTA that does not answer
inline constexpr int exit_usage = 2;   // a flag or the configuration is wrong

/// A worker that could not be set up at all; between a worker and its supervisor only.
inline constexpr int exit_cannot_start = 78;

}  // namespace sluice::app
