// The listening sockets of all workers, held by the supervisor.
//
// Each worker has sockets of its own (SO_REUSEPORT), so that the kernel spreads clients over the workers. The
// supervisor made them and keeps them open: when a worker dies, or one with another configuration takes its
// seat, the clients in the accept queue wait for the successor instead of being reset. A socket that nobody
// needs any more cannot just be closed either: see turn_newcomers_away().
#pragma once

#include <memory>
#include <vector>

#include "base/time.hpp"
#include "net/fd.hpp"
#include "net/socket.hpp"

namespace sluice::app {

using ListeningSocket = std::shared_ptr<const net::Fd>;

class Listeners {
  public:
    Listeners() = default;
    /// Sockets that another process has bound: systemd, or the Sluice before this one.
    explicit Listeners(std::vector<net::Fd> inherited);

    /// A socket for each worker at each address: those of `before` where it has them, new ones where not. An
    /// address with port 0 gets one free port, the same for all workers, which is put into `endpoints`.
    /// Throws StartError that says what to do.
    Listeners(const Listeners& before, std::vector<net::Endpoint>& endpoints, unsigned workers,
              const net::ListenOptions& options);

    /// The descriptors of one worker, in the order of the addresses.
    std::vector<int> of(unsigned worker) const;

    /// Every socket, in the order of the addresses.
    std::vector<ListeningSocket> all() const;
    /// Those that `other` does not have.
    std::vector<ListeningSocket> without(const Listeners& other) const;

    /// The addresses, as the kernel has them.
    std::vector<net::Endpoint> endpoints() const;

  private:
    struct Address {
        net::Endpoint asked;  // its port may be 0
        net::Endpoint bound;
        std::vector<ListeningSocket> sockets;  // one, for all workers, where the kernel lets only one listen
    };

    void adopt_or_bind(const Listeners& before, net::Endpoint& endpoint, const net::ListenOptions& options);

    std::vector<Address> addresses_;
};

/// The first step towards closing a socket: the kernel answers no new connection there, but finishes those it
/// has answered. A client that knocks meanwhile knocks again after a second, and finds another socket of the
/// address, or nobody. After `newcomers_away_for` a worker takes who is in the queue, and the socket can be
/// closed without a loss.
void turn_newcomers_away(int listener);
inline constexpr Millis newcomers_away_for{900};

}  // namespace sluice::app
