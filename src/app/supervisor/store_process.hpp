// The process that remembers for all workers of this machine (src/store).
//
// It speaks to no client: what reaches it has gone through a worker, and is decoded as if that worker were an
// enemy. It has the workers' user and a sandbox of its own.
#pragma once

#include <sys/types.h>

#include "app/generation/generation.hpp"
#include "net/fd.hpp"

namespace sluice::app {

/// What a store process is started with. All references outlive it.
struct StoreTask {
    const Generation& generation;
    net::Fd listener;     // a Unix-domain socket
    uid_t operator_user;  // who started Sluice
};

/// Enters the sandbox and answers workers. After SIGTERM or SIGINT it ends with its last worker; after SIGHUP
/// it makes room for another, and ends when all have gone over. What it was told is written down first.
/// Returns the exit code of the process.
int run_store(StoreTask task, pid_t supervisor);

}  // namespace sluice::app
