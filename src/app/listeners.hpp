// The listening sockets of all workers, bound before any worker is started.
//
// Each worker has sockets of its own (SO_REUSEPORT), so that the kernel spreads clients over the workers. The
// supervisor made them and keeps them open: when a worker dies, the clients in its accept queue wait for its
// successor instead of being reset.
#pragma once

#include <vector>

#include "net/fd.hpp"
#include "net/socket.hpp"

namespace sluice::app {

/// One worker's sockets, in the order of the addresses.
using WorkerListeners = std::vector<net::Fd>;

/// Binds every address `workers` times. An address with port 0 gets one free port, the same for all workers,
/// which is put into `endpoints`. Throws StartError that says what to do.
std::vector<WorkerListeners> bind_listeners(std::vector<net::Endpoint>& endpoints, unsigned workers,
                                            const net::ListenOptions& options);

}  // namespace sluice::app
