// The store process: it keeps what all workers of this machine remember (src/store).
//
// It has no connection to any client. Its input comes from workers, and it decodes that input as if the
// worker were an enemy. It runs as the workers' user, in a sandbox of its own.
#pragma once

#include <sys/types.h>

#include "app/generation/generation.hpp"
#include "net/fd.hpp"

namespace sluice::app {

/// The things that a store process starts with. All references outlive it.
struct StoreTask {
    const Generation& generation;
    net::Fd listener;     // a Unix-domain socket
    uid_t operator_user;  // the user that started Sluice
};

/// Enters the sandbox and answers workers until a signal. After SIGTERM or SIGINT the process ends with its
/// last worker. After SIGHUP it makes room for another store process, and ends when all workers have gone
/// over. It writes down all it was told before it ends. Returns the exit code of the process.
int run_store(StoreTask task, pid_t supervisor);

}  // namespace sluice::app
