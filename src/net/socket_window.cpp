// The socket options that pacing depends on: docs/adr/0002-window-of-the-slow-lane.md has the measurements.
#include <linux/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/socket.hpp"

namespace sluice::net {
namespace {

// From this size on, the kernel adapts a wide buffer to what the client sends.
constexpr int wide_receive_octets = 256 * 1024;
// The handshake fixes how large a window can ever be: twice this value, which is also the most that the
// kernel buffers for a client whose data is not read. A larger value would make the steps coarse in which a
// small window opens.
constexpr int window_scaled_for = 1024 * 1024;
constexpr int window_unclamped = 1 << 30;

// Pacing works even when options cannot be set: they bound what the kernel buffers, not what we read.
void set_option(int fd, int level, int name, int value) {
    ::setsockopt(fd, level, name, &value, sizeof value);
}

/// Sets whether the kernel may tune the receive buffer (not before Linux 5.14, where a buffer that was set
/// stays).
void let_kernel_tune(int fd, bool may) {
    set_option(fd, SOL_SOCKET, SO_BUF_LOCK, may ? 0 : SOCK_RCVBUF_LOCK);
}

}  // namespace

bool set_first_window(int listener, int octets) {
    if (::setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets) != 0) return false;
    // A listener with a fixed buffer negotiates a window without scaling, which could never become wide.
    let_kernel_tune(listener, true);
    set_option(listener, IPPROTO_TCP, TCP_WINDOW_CLAMP, window_scaled_for);
    return true;
}

void hold_receive_window(int fd) {
    let_kernel_tune(fd, false);
}

void widen_receive_window(int fd) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, wide_receive_octets);
    let_kernel_tune(fd, true);
    // The small buffer has set the clamp too; unchanged, it would keep the window small.
    set_option(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, window_unclamped);
}

}  // namespace sluice::net
