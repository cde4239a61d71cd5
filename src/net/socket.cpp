#include "net/socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace sluice::net {
namespace {

/// A sockaddr of either family with its length.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;

    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress to_socket_address(const Endpoint& endpoint) {
    SocketAddress out;
    const auto& octets = endpoint.address.octets();
    if (endpoint.address.is_v4()) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(endpoint.port);
        std::memcpy(&address.sin_addr, octets.data(), 4);
        std::memcpy(&out.storage, &address, sizeof address);
        out.size = sizeof address;
    } else {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(endpoint.port);
        std::memcpy(&address.sin6_addr, octets.data(), 16);
        std::memcpy(&out.storage, &address, sizeof address);
        out.size = sizeof address;
    }
    return out;
}

Endpoint to_endpoint(const SocketAddress& from) {
    if (from.storage.ss_family == AF_INET) {
        sockaddr_in address;
        std::memcpy(&address, &from.storage, sizeof address);
        std::array<std::uint8_t, 4> octets;
        std::memcpy(octets.data(), &address.sin_addr, 4);
        return {IpAddress::v4(octets), ntohs(address.sin_port)};
    }
    if (from.storage.ss_family == AF_INET6) {
        sockaddr_in6 address;
        std::memcpy(&address, &from.storage, sizeof address);
        std::array<std::uint8_t, 16> octets;
        std::memcpy(octets.data(), &address.sin6_addr, 16);
        return {IpAddress::v6(octets), ntohs(address.sin6_port)};
    }
    return {};
}

std::unexpected<std::error_code> last_error() {
    return std::unexpected(std::error_code(errno, std::generic_category()));
}

bool set_option(int fd, int level, int name, int value) {
    return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

Fd stream_socket(const Endpoint& endpoint) {
    return Fd{::socket(endpoint.address.is_v4() ? AF_INET : AF_INET6,
                       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP)};
}

}  // namespace

std::expected<Fd, std::error_code> listen_tcp(const Endpoint& endpoint, const ListenOptions& options) {
    Fd fd = stream_socket(endpoint);
    if (!fd) return last_error();
    const int listener = fd.get();
    // TCP_NODELAY is inherited by what is accepted, which saves a system call for each connection.
    bool ready = set_option(listener, SOL_SOCKET, SO_REUSEADDR, 1) &&
                 set_option(listener, SOL_SOCKET, SO_REUSEPORT, options.shared ? 1 : 0) &&
                 set_option(listener, IPPROTO_TCP, TCP_NODELAY, 1);
    if (ready && !endpoint.address.is_v4()) ready = set_option(listener, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (ready && options.receive_buffer > 0) ready = set_first_window(listener, options.receive_buffer);
    const SocketAddress address = to_socket_address(endpoint);
    if (!ready || ::bind(listener, address.get(), address.size) != 0 ||
        ::listen(listener, options.backlog) != 0)
        return last_error();
    return fd;
}

std::expected<Fd, std::error_code> connect_tcp(const Endpoint& endpoint) {
    Fd fd = stream_socket(endpoint);
    if (!fd || !set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1)) return last_error();
    const SocketAddress address = to_socket_address(endpoint);
    if (::connect(fd.get(), address.get(), address.size) != 0 && errno != EINPROGRESS && errno != EINTR)
        return last_error();
    return fd;
}

std::expected<Fd, std::error_code> connect_to(const ServerAddress& server) {
    if (!server.is_unix()) return connect_tcp(server.tcp);
    Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!fd) return last_error();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    server.path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return last_error();
    return fd;
}

std::error_code connect_result(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    return {error, std::generic_category()};
}

Accepted accept_tcp(int listener) {
    SocketAddress peer;
    int fd;
    do {
        peer.size = sizeof peer.storage;
        fd = ::accept4(listener, peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd < 0) return {};
    return {Fd{fd}, to_endpoint(peer)};
}

Endpoint local_endpoint(int fd) {
    SocketAddress address;
    if (::getsockname(fd, address.get(), &address.size) != 0) return {};
    return to_endpoint(address);
}

namespace {

std::ptrdiff_t receive(int fd, void* buffer, std::size_t size, int flags) {
    for (;;) {
        const ssize_t got = ::recv(fd, buffer, size, flags);
        if (got >= 0) return got;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return io_would_block;
        if (errno != EINTR) return io_failed;
    }
}

}  // namespace

std::ptrdiff_t read_some(int fd, void* buffer, std::size_t size) {
    return receive(fd, buffer, size, 0);
}

std::ptrdiff_t peek_some(int fd, void* buffer, std::size_t size) {
    return receive(fd, buffer, size, MSG_PEEK);
}

std::size_t unread_octets(int fd) {
    int octets = 0;
    return ::ioctl(fd, FIONREAD, &octets) == 0 && octets > 0 ? static_cast<std::size_t>(octets) : 0;
}

std::size_t unacknowledged_octets(int fd) {
    int octets = 0;
    return ::ioctl(fd, TIOCOUTQ, &octets) == 0 && octets > 0 ? static_cast<std::size_t>(octets) : 0;
}

namespace {

/// Converts the result of a sending call; nothing when the call is to be repeated.
std::optional<std::ptrdiff_t> outcome(ssize_t sent) {
    if (sent >= 0) return sent;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return io_would_block;
    if (errno != EINTR) return io_failed;
    return std::nullopt;
}

}  // namespace

std::ptrdiff_t write_some(int fd, const void* bytes, std::size_t size) {
    for (;;) {
        if (const auto done = outcome(::send(fd, bytes, size, MSG_NOSIGNAL))) return *done;
    }
}

std::ptrdiff_t write_gathered(int fd, std::span<iovec> parts, bool more_follows) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    for (;;) {
        const int flags = MSG_NOSIGNAL | (more_follows ? MSG_MORE : 0);
        if (const auto done = outcome(::sendmsg(fd, &message, flags))) return *done;
    }
}

std::ptrdiff_t send_file(int fd, int file, std::uint64_t offset, std::size_t size) {
    auto at = static_cast<off_t>(offset);
    for (;;) {
        if (const auto done = outcome(::sendfile(fd, file, &at, size))) return *done;
    }
}

void end_writing(int fd) {
    ::shutdown(fd, SHUT_WR);
}

}  // namespace sluice::net
