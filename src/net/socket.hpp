// TCP sockets: addresses, listening, connecting, and the options that pacing depends on.
//
// Everything here is non-blocking and close-on-exec.
#pragma once

#include <sys/uio.h>
#include <system_error>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "net/fd.hpp"

namespace sluice::net {

/// An address and a TCP port.
struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;

    /// "192.0.2.1:25" or "[2001:db8::1]:25". The port is required, 0..65535.
    static std::optional<Endpoint> parse(std::string_view text);
    std::string to_string() const;
    bool operator==(const Endpoint&) const = default;
};

/// The address of a server: an IP address and a port, or a Unix-domain socket.
struct ServerAddress {
    Endpoint tcp;
    std::string path = {};  // absolute; empty = TCP

    /// Parses like Endpoint::parse with a port above 0, or "unix:/absolute/path" of at most 107 octets.
    static std::optional<ServerAddress> parse(std::string_view text);
    std::string to_string() const;
    bool is_unix() const { return !path.empty(); }
    /// True: what is sent there does not leave this machine.
    bool is_local() const { return is_unix() || tcp.address.is_loopback(); }
    bool operator==(const ServerAddress&) const = default;
};

struct ListenOptions {
    /// Listen queue; the kernel cuts it to net.core.somaxconn.
    int backlog = 4096;
    /// SO_RCVBUF of the listening socket, in octets, inherited by accepted sockets; 0 leaves it to the
    /// kernel, which then buffers some 90 kB unread from each client, whatever is done after accept().
    /// Listeners of paced sessions use `paced_receive_buffer`, then hold_receive_window() after accept(), and
    /// widen_receive_window() for content of the fast lane.
    static constexpr int paced_receive_buffer = 4096;
    int receive_buffer = 0;
    /// SO_REUSEPORT: further sockets of the same user may listen on the same port, and share its clients.
    bool shared = true;
};

/// A bound, listening socket with SO_REUSEPORT (each worker has one of its own on the same port).
std::expected<Fd, std::error_code> listen_tcp(const Endpoint& endpoint, const ListenOptions& options);

/// Starts connecting, with TCP_NODELAY; completion is EPOLLOUT, then connect_result().
std::expected<Fd, std::error_code> connect_tcp(const Endpoint& endpoint);
/// Starts connecting to either kind of server. A Unix-domain socket whose queue is full is an error (EAGAIN).
std::expected<Fd, std::error_code> connect_to(const ServerAddress& server);
/// The result of a connect whose socket has become writable (SO_ERROR); no error = connected.
std::error_code connect_result(int fd);

struct Accepted {
    Fd fd;
    Endpoint peer;
};
/// The next waiting connection, with TCP_NODELAY set. With an empty fd, errno is EAGAIN when none is waiting;
/// or EMFILE, ENFILE, ENOBUFS or ENOMEM when one is but cannot be accepted now (a level-triggered listener
/// would spin: unwatch it for a while).
Accepted accept_tcp(int listener);

Endpoint local_endpoint(int fd);

/// Called by listen_tcp() for `receive_buffer`: sets the window that a client has at first, and may get
/// later. False with errno set.
bool set_first_window(int listener, int octets);
/// Keeps the window of a fresh connection as small as its listener has set it, whatever the client does.
void hold_receive_window(int fd);
/// Opens the window for a client that may go at full speed: to 256 KiB, and on to 2 MiB as the client uses
/// it; to 64 KiB before Linux 5.14. The next segment sent tells the client, so it is best called before the
/// reply that invites content is written. Cannot be undone.
void widen_receive_window(int fd);

/// The results of read_some and write_some when no octet moved.
inline constexpr std::ptrdiff_t io_would_block = -1;
inline constexpr std::ptrdiff_t io_failed = -2;  // the connection is broken; errno says how

/// One read or write, with EINTR retried: returns the octets moved, 0 at the end of the stream (read only),
/// would_block or failed.
std::ptrdiff_t read_some(int fd, void* buffer, std::size_t size);
/// Like read_some, but the octets stay in the socket.
std::ptrdiff_t peek_some(int fd, void* buffer, std::size_t size);
/// The number of octets that can be read without waiting; 0 also when it is not known.
std::size_t unread_octets(int fd);
/// The number of written octets that the peer's kernel has not acknowledged; 0 also when it is not known.
std::size_t unacknowledged_octets(int fd);
/// Writes with MSG_NOSIGNAL.
std::ptrdiff_t write_some(int fd, const void* bytes, std::size_t size);
/// Writes several parts in order; with `more_follows` the kernel may wait for more (MSG_MORE).
std::ptrdiff_t write_gathered(int fd, std::span<iovec> parts, bool more_follows);
/// Sends octets of a file from `offset` on, without copying them through our memory. 0: the file ends there.
std::ptrdiff_t send_file(int fd, int file, std::uint64_t offset, std::size_t size);

/// Shuts down our sending side; the peer may continue to send.
void end_writing(int fd);

}  // namespace sluice::net
