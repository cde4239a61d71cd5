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

void widen_receive_window(int fd) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, wide_receive_octets);
    // A listener's small buffer has set this as well; left alone it keeps the window as small as it was.
    set_option(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, window_unclamped);
}

}  // namespace sluice::net
