// Landlock (landlock(7)): what of the file system and the network stays in reach of a process, whatever its
// user may do.
//
// Best effort: an older kernel restricts less, and the caller is told what.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::guard {

/// What stays in reach. A path that is not there is left out: nobody can read it anyway.
struct Reach {
    std::vector<std::string> readable;     // files, and directories with all that lies below them
    std::vector<std::string> writable;     // directories in which files are made, read, written and removed
    std::vector<std::uint16_t> tcp_ports;  // connected to, on any machine
    bool all_tcp_ports = false;            // likewise
};

/// Takes everything else away from this thread and those it starts, for good: files, TCP ports, abstract Unix
/// sockets and the processes outside (no signal reaches them). What is open stays open. No_new_privs must be
/// set. Returns what this kernel cannot take away, each with the Linux that can; empty = nothing.
std::vector<std::string> restrict_reach(const Reach& reach);

}  // namespace sluice::guard
