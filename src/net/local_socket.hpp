// Unix-domain stream sockets on which processes of this program listen; clients connect with connect_to()
// (net/socket.hpp).
#pragma once

#include <sys/types.h>
#include <system_error>

#include <expected>
#include <string>

#include "net/fd.hpp"

namespace sluice::net {

/// The longest path of a Unix-domain socket, in octets (sun_path, unix(7)).
inline constexpr std::size_t local_path_octets_max = 107;

/// A listening socket at `path`, replacing any file there; `mode` says which users may connect. Non-blocking.
std::expected<Fd, std::error_code> listen_local(const std::string& path, mode_t mode, int backlog);

/// The process at the other end, as it was when it connected.
struct LocalPeer {
    pid_t process = 0;
    uid_t user = 0;
};

struct LocalAccepted {
    Fd fd;  // empty: no client is waiting, or errno says why not
    LocalPeer peer;
};
LocalAccepted accept_local(int listener);

}  // namespace sluice::net
