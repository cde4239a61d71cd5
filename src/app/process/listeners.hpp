// The listening sockets of all workers, held by the supervisor.
//
// Each worker has sockets of its own (SO_REUSEPORT), so that the kernel spreads clients over the workers. The
// supervisor made them and keeps them open: when a worker dies, or one with another configuration takes its
// seat, the clients in the accept queue wait for the successor instead of being reset. A socket that nobody
// needs any more cannot just be closed either: see turn_newcomers_away().
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

/// Where to listen, and what a connection there begins with.
struct Door {
    net::Endpoint address;
    front::Wrapping wrapping = front::Wrapping::none;

    bool operator==(const Door&) const = default;
};

/// A listening socket. Its wrapping is said once, by who bound it: clients in its queue came for that,
/// whatever the configuration says when they are accepted.
struct Listener {
    net::Fd fd;
    front::Wrapping wrapping = front::Wrapping::none;
};
using ListeningSocket = std::shared_ptr<const Listener>;

/// A socket that another process has bound, by the name it gave it.
struct PassedSocket {
    net::Fd fd;
    std::string name;  // see name_of(); another one says nothing about the wrapping
};

/// How a Sluice tells its successor of a socket's wrapping (LISTEN_FDNAMES).
std::string_view name_of(front::Wrapping wrapping);

class Listeners {
  public:
    Listeners() = default;
    /// Sockets that another process has bound: systemd, or the Sluice before this one. What a name does not
    /// say, `doors` do; a socket of which neither does is in plaintext.
    Listeners(std::vector<PassedSocket> passed, std::span<const Door> doors);

    /// A socket for each worker at each door: those of `before` where it has them, new ones where not, or
    /// where they have another wrapping. An address with port 0 gets one free port, the same for all workers,
    /// which is put into `doors`. Throws StartError that says what to do.
    Listeners(const Listeners& before, std::vector<Door>& doors, unsigned workers,
              const net::ListenOptions& options);

    /// The sockets of one worker, in the order of the doors.
    std::vector<ListeningSocket> of(unsigned worker) const;

    /// Every socket, in the order of the doors.
    std::vector<ListeningSocket> all() const;
    /// Those that `other` does not have.
    std::vector<ListeningSocket> without(const Listeners& other) const;

    /// The addresses, as the kernel has them.
    std::vector<net::Endpoint> endpoints() const;

  private:
    struct Address {
        Door asked;  // its port may be 0
        Door bound;
        std::vector<ListeningSocket> sockets;  // one, for all workers, where the kernel lets only one listen
    };

    void adopt_or_bind(const Listeners& before, Door& door, const net::ListenOptions& options);
    void require_to_spare(const Door& door) const;

    std::vector<Address> addresses_;
};

/// The first step towards closing a socket: the kernel answers no new connection there, but finishes those it
/// has answered. A client that knocks meanwhile knocks again after a second, and finds another socket of the
/// address, or nobody. After `newcomers_away_for` a worker takes who is in the queue, and the socket can be
/// closed without a loss. Newer kernels (6.18 was seen) want CAP_NET_ADMIN for that filter, which is not
/// ours: there newcomers wait in the queue of old until it is taken, and only a handshake that is under way
/// at the very end is cut.
void turn_newcomers_away(int listener);
inline constexpr Millis newcomers_away_for{900};

}  // namespace sluice::app
