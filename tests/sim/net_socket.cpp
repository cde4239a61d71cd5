// The sockets of src/net/socket.hpp on the virtual network.
#include <algorithm>
#include <cerrno>
#include <string_view>

#include "net/socket.hpp"
#include "sim/kernel.hpp"

namespace sluice::net {

namespace {

constexpr std::size_t wide_receive_octets = std::size_t{256} * 1024;

std::unexpected<std::error_code> last_error() {
    return std::unexpected(std::error_code(errno, std::generic_category()));
}

sim::Link& link_of(int fd) {
    sim::Link* const link = sim::Kernel::current().link(fd);
    if (link == nullptr) std::abort();  // EBADF: the product uses what it has closed
    return *link;
}

std::ptrdiff_t outcome(std::ptrdiff_t written, std::size_t wanted) {
    if (written < 0) return io_failed;
    return written == 0 && wanted != 0 ? io_would_block : written;
}

}  // namespace

std::expected<Fd, std::error_code> listen_tcp(const Endpoint& /*endpoint*/,
                                              const ListenOptions& /*options*/) {
    const int fd = sim::Kernel::current().open_door(std::make_shared<sim::Door>());
    if (fd < 0) return last_error();
    return Fd{fd};
}

/// There are no Unix-domain sockets in this world.
std::expected<Fd, std::error_code> connect_to(const ServerAddress& server) {
    return connect_tcp(server.tcp);
}

std::expected<Fd, std::error_code> connect_tcp(const Endpoint& endpoint) {
    auto link = sim::Kernel::current().router(endpoint);
    const int fd = sim::Kernel::current().open_link(link);
    if (fd >= 0) return Fd{fd};
    const int error = errno;
    link->close();
    errno = error;
    return last_error();
}

std::error_code connect_result(int fd) {
    return {link_of(fd).take_error(), std::generic_category()};
}

Accepted accept_tcp(int listener) {
    auto& kernel = sim::Kernel::current();
    auto& waiting = kernel.door(listener)->waiting;
    if (waiting.empty()) {
        errno = EAGAIN;
        return {};
    }
    const int fd = kernel.open_link(waiting.front().link);
    if (fd < 0) return {};
    Accepted accepted{Fd{fd}, waiting.front().from};
    waiting.pop_front();
    return accepted;
}

Endpoint local_endpoint(int /*fd*/) {
    return {};
}

bool set_first_window(int /*listener*/, int /*octets*/) {
    return true;
}

void hold_receive_window(int /*fd*/) {}

void widen_receive_window(int fd) {
    link_of(fd).widen(wide_receive_octets);
}

std::ptrdiff_t read_some(int fd, void* buffer, std::size_t size) {
    return link_of(fd).read(static_cast<char*>(buffer), size, false);
}

std::ptrdiff_t peek_some(int fd, void* buffer, std::size_t size) {
    return link_of(fd).read(static_cast<char*>(buffer), size, true);
}

std::size_t unread_octets(int fd) {
    return link_of(fd).unread();
}

std::size_t unacknowledged_octets(int fd) {
    return link_of(fd).unacknowledged();
}

std::ptrdiff_t write_some(int fd, const void* bytes, std::size_t size) {
    return outcome(link_of(fd).write({static_cast<const char*>(bytes), size}), size);
}

std::ptrdiff_t write_gathered(int fd, std::span<iovec> parts, bool /*more_follows*/) {
    std::ptrdiff_t total = 0;
    for (const iovec& part : parts) {
        const std::ptrdiff_t count = write_some(fd, part.iov_base, part.iov_len);
        if (count < 0) return total > 0 ? total : count;
        total += count;
        if (static_cast<std::size_t>(count) < part.iov_len) break;
    }
    return total;
}

std::ptrdiff_t send_file(int fd, int file, std::uint64_t offset, std::size_t size) {
    const std::string_view content = *sim::Kernel::current().file(file);
    const std::string_view left = content.substr(std::min<std::size_t>(offset, content.size()), size);
    return left.empty() ? 0 : write_some(fd, left.data(), left.size());
}

void end_writing(int fd) {
    link_of(fd).end_writing();
}

}  // namespace sluice::net
