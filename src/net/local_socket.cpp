#include "net/local_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::net {

std::expected<Fd, std::error_code> listen_local(const std::string& path, mode_t mode, int backlog) {
    const auto failed = [](int error) {
        return std::unexpected(std::error_code(error, std::generic_category()));
    };
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() > local_path_octets_max) return failed(ENAMETOOLONG);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener) return failed(errno);
    ::unlink(path.c_str());
    // The umask ensures that the socket is never open to more users than `mode` allows.
    const mode_t before = ::umask(0777 & ~mode);
    const int bound = ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int error = errno;
    ::umask(before);
    if (bound != 0) return failed(error);
    if (::listen(listener.get(), backlog) != 0) return failed(errno);
    return listener;
}

LocalAccepted accept_local(int listener) {
    Fd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    ucred who{};
    socklen_t size = sizeof who;
    if (!fd || ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return {};
    return {.fd = std::move(fd), .peer = {.process = who.pid, .user = who.uid}};
}

}  // namespace sluice::net
