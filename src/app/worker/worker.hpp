// One worker process: sessions in front, MTA connections behind, one loop.
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

/// What a worker is started with. All references outlive it.
struct WorkerTask {
    const Config& config;
    const Certificates* certificates;  // null = none
    const Registers* registers;        // null = none
    unsigned index;                    // counts the workers from 0
    const LogFile& log_file;
    std::vector<Listener> listeners;  // its own
    net::Fd channel;                  // to the supervisor
    Metrics& metrics;
};

/// Enters the sandbox and serves until it is retired or drained, by an order of its supervisor or by SIGTERM.
/// Returns the exit code of the process.
int run_sandboxed(WorkerTask task, const guard::Sandbox& sandbox, pid_t supervisor);

/// How much longer than limits.drain_max_s a process may take to end before it is killed.
inline constexpr Seconds end_grace{5};

}  // namespace sluice::app
