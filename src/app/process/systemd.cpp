#include "app/process/systemd.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace sluice::app {

namespace {

constexpr int first_passed = 3;  // SD_LISTEN_FDS_START
constexpr long passed_max = 65'536;

std::optional<long> number(const std::string& text) {
    long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

std::string environment(const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): no thread sets any
    return value == nullptr ? "" : value;
}

void notify_service_manager(std::string_view state) {
    const std::string path = environment("NOTIFY_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // an abstract name
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    const net::Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return;
    ::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
             size);
}

std::optional<Millis> watchdog_interval() {
    const auto microseconds = number(environment("WATCHDOG_USEC"));
    const std::string whose = environment("WATCHDOG_PID");
    if (!microseconds || *microseconds <= 0) return std::nullopt;
    if (!whose.empty() && number(whose) != ::getpid()) return std::nullopt;
    return Millis{*microseconds / 1000};
}

std::vector<PassedSocket> passed_sockets() {
    std::vector<PassedSocket> sockets;
    const auto count = number(environment("LISTEN_FDS"));
    if (number(environment("LISTEN_PID")) != ::getpid() || !count || *count > passed_max) return sockets;
    const std::string text = environment("LISTEN_FDNAMES");
    std::string_view names = text;
    for (int fd = first_passed; fd < first_passed + *count; ++fd) {
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
        const std::string_view name = names.substr(0, names.find(':'));
        names.remove_prefix(std::min(name.size() + 1, names.size()));
        sockets.push_back({net::Fd(fd), std::string(name)});
    }
    return sockets;
}

}  // namespace sluice::app
