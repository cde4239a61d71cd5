// One worker process: client sessions, MTA connections, one loop.
#pragma once

#include <sys/types.h>

#include <vector>

#include "app/config/config.hpp"
#include "app/generation/certificates.hpp"
#include "app/generation/registers.hpp"
#include "app/process/listeners.hpp"
#include "app/process/log_file.hpp"
#include "base/metrics.hpp"
#include "guard/sandbox.hpp"
#include "net/fd.hpp"

namespace sluice::app {

/// The things that a worker starts with. All references outlive it.
struct WorkerTask {
    const Config& config;
    const Certificates* certificates;  // null = none
    const Registers* registers;        // null = none
    unsigned index;                    // workers are counted from 0
    const LogFile& log_file;
    std::vector<Listener> listeners;  // this worker's own
    net::Fd channel;                  // to the supervisor
    Metrics& metrics;
};

/// Enters the sandbox and serves until an order of the supervisor or SIGTERM retires or drains the worker.
/// Returns the exit code of the process.
int run_sandboxed(WorkerTask task, const guard::Sandbox& sandbox, pid_t supervisor);

/// The time beyond limits.drain_max_s after which a process that has not ended is killed.
inline constexpr Seconds end_grace{5};

}  // namespace sluice::app
