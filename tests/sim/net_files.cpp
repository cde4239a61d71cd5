// Descriptors and the spool's files on the virtual disk, which may be full.
#include <cerrno>

#include "net/fd.hpp"
#include "net/unlinked_file.hpp"
#include "sim/kernel.hpp"

namespace sluice::net {

void close_descriptor(int fd) {
    sim::Kernel::current().close(fd);
}

Fd open_unlinked(const std::string& /*directory*/) {
    const int fd = sim::Kernel::current().open_file();
    return fd < 0 ? Fd() : Fd{fd};
}

Fd create_and_unlink(const std::string& directory) {
    return open_unlinked(directory);
}

bool write_all(int file, std::string_view octets) {
    auto& kernel = sim::Kernel::current();
    if (kernel.faults().strikes(sim::Fault::disk_full)) {
        // As on a real disk, some of it may still have fitted.
        octets = octets.substr(0, kernel.dice().below(octets.size() + 1));
        kernel.file(file)->append(octets);
        errno = ENOSPC;
        return false;
    }
    kernel.file(file)->append(octets);
    return true;
}

}  // namespace sluice::net
