// The listening sockets of all workers, held by the supervisor.
//
// Each worker has sockets of its own (SO_REUSEPORT), so that the kernel spreads clients over the workers. The
// supervisor makes the sockets and keeps them open: when a worker dies, or one with another configuration
// takes its seat, the clients in the accept queue wait for the next worker instead of being reset. Nor can a
// socket that nobody needs any more just be closed: see turn_newcomers_away().
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "front/front.hpp"
#include "net/fd.hpp"
#include "net/socket.hpp"

namespace sluice::app {

/// An address to listen at, and what a connection there begins with.
struct Door {
    net::Endpoint address;
    front::Wrapping wrapping = front::Wrapping::none;

    bool operator==(const Door&) const = default;
};

/// A listening socket. Its wrapping is fixed by the process that bound it: clients in its queue connected for
/// that wrapping, whatever the configuration says when they are accepted.
struct Listener {
    net::Fd fd;
    front::Wrapping wrapping = front::Wrapping::none;
};
using ListeningSocket = std::shared_ptr<const Listener>;

/// A socket that another process has bound, with the name that process gave it.
struct PassedSocket {
    net::Fd fd;
    std::string name;  // see name_of(); any other name says nothing about the wrapping
};

/// The name by which a Sluice tells its successor a socket's wrapping (LISTEN_FDNAMES).
std::string_view name_of(front::Wrapping wrapping);

class Listeners {
  public:
    Listeners() = default;
    /// Takes sockets that another process has bound: systemd, or the Sluice before this one. A socket's name
    /// says its wrapping; failing that, `doors` do; failing both, it is plaintext.
    Listeners(std::vector<PassedSocket> passed, std::span<const Door> doors);

    /// Makes a socket for each worker at each door. Sockets of `before` are used where they exist with the
    /// same wrapping, and new ones are bound otherwise. An address with port 0 gets one free port, the same
    /// for all workers, which is stored in `doors`. Throws StartError that says what to do.
    Listeners(const Listeners& before, std::vector<Door>& doors, unsigned workers,
              const net::ListenOptions& options);

    /// The sockets of one worker, in the order of the doors.
    std::vector<ListeningSocket> of(unsigned worker) const;

    /// Every socket, in the order of the doors.
    std::vector<ListeningSocket> all() const;
    /// The sockets that `other` does not have.
    std::vector<ListeningSocket> without(const Listeners& other) const;

    /// The addresses as bound, with the ports that the kernel chose.
    std::vector<net::Endpoint> endpoints() const;

  private:
    struct Address {
        Door asked;  // its port may be 0
        Door bound;
        std::vector<ListeningSocket> sockets;  // a single one where the kernel lets only one listen
    };

    void adopt_or_bind(const Listeners& before, Door& door, const net::ListenOptions& options);
    void require_to_spare(const Door& door) const;

    std::vector<Address> addresses_;
};

/// The first step towards closing a socket: the kernel answers no new connection there, but completes those
/// it has answered. A client that connects meanwhile tries again after a second, and then finds another
/// socket of the address, or nobody. After `newcomers_away_for` a worker takes the clients in the queue, and
/// the socket can be closed without a loss. Newer kernels (6.18 was seen) require CAP_NET_ADMIN for that
/// filter, which we do not have: there newcomers wait in the old queue until it is taken, and only a
/// handshake that is under way at the very end is cut.
void turn_newcomers_away(int listener);
inline constexpr Millis newcomers_away_for{900};

}  // namespace sluice::app
