// One worker process: sessions in front, MTA connections behind, one loop.
#pragma once

#include "app/certificates.hpp"
#include "app/config.hpp"
#include "app/listeners.hpp"
#include "app/log_file.hpp"

namespace sluice::app {

/// Serves until SIGTERM; returns the exit code of the process. `listeners` are the worker's own, and closed
/// when it is to end. `index` counts the workers from 0.
int run_worker(const Config& config, const Certificates* certificates, unsigned index,
               WorkerListeners& listeners, LogFile& log_file);

/// How much longer than limits.drain_max_s a process may take to end before it is killed.
inline constexpr Seconds end_grace{5};

}  // namespace sluice::app
