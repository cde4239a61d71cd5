// The socket options behind the pace: docs/adr/0002-window-of-the-slow-lane.md has the measurements.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/socket.hpp"

namespace sluice::net {
namespace {

// A buffer whose size was set once is never tuned by the kernel again, so "wide" has to be a size that serves
// fast clients far away: 256 KiB (the kernel doubles it) at 100 ms is 2.6 MB/s.
constexpr int wide_receive_octets = 256 * 1024;
constexpr int window_unclamped = 1 << 30;

// The pace goes on when options cannot be set: they bound what the kernel hides, not what we read.
void set_option(int fd, int level, int name, int value) {
    ::setsockopt(fd, level, name, &value, sizeof value);
}

}  // namespace

void clamp_receive_window(int fd, int octets) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, octets);
    set_option(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, octets);
}

void widen_receive_window(int fd) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, wide_receive_octets);
    set_option(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, window_unclamped);
}

void clamp_send_buffer(int fd, int octets) {
    set_option(fd, SOL_SOCKET, SO_SNDBUF, octets);
    set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, octets);
}

}  // namespace sluice::net
