// Landlock (landlock(7)): which files and ports a process can still reach, whatever its user may do.
//
// Best effort: an older kernel restricts less, and the caller is told what is missing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::guard {

/// The paths and ports that stay in reach. A path that does not exist is left out: it could not be read
/// anyway.
struct Reach {
    std::vector<std::string> readable;  // files, and directories with everything below them
    std::vector<std::string> writable;  // directories in which files are created, read, written and removed
    std::vector<std::uint16_t> tcp_ports;  // on any machine, to connect to
    bool all_tcp_ports = false;            // on any machine, to connect to
};

/// Takes everything else away from this thread and those it starts, for good: files, TCP ports, abstract Unix
/// sockets and the processes outside (no signal reaches them). Open descriptors stay open. No_new_privs must
/// be set. Returns what this kernel cannot restrict, each with the Linux version that can; empty = nothing.
std::vector<std::string> restrict_reach(const Reach& reach);

}  // namespace sluice::guard
