// The socket options behind the pace: docs/adr/0002-window-of-the-slow-lane.md has the measurements.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/socket.hpp"

namespace sluice::net {
namespace {

// A buffer whose size was set once is never tuned by the kernel again, so "wide" is a size that serves fast
// clients far away; without window scaling it is 64 KiB of window that they see.
constexpr int wide_receive_octets = 256 * 1024;
constexpr int window_unclamped = 1 << 30;

// The pace goes on when options cannot be set: they bound what the kernel hides, not what we read.
void set_option(int fd, int level, int name, int value) {
    ::setsockopt(fd, level, name, &value, sizeof value);
}

}  // namespace

void clamp_receive_window(int fd, int octets) {
    // Not SO_RCVBUF: the kernel then drops what it had offered to take, and the client's time-outs double
    // until it seems dead (25 segments sent again and a gap of 70 s for one block of 16 KiB).
    set_option(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, octets);
}

void widen_receive_window(int fd) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, wide_receive_octets);
    // A listener's small buffer has set this as well; left alone it keeps the window as small as it was.
    set_option(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, window_unclamped);
}

void clamp_send_buffer(int fd, int octets) {
    set_option(fd, SOL_SOCKET, SO_SNDBUF, octets);
    set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, octets);
}

}  // namespace sluice::net
