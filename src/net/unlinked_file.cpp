#include "net/unlinked_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace sluice::net {

Fd open_unlinked(const std::string& directory) {
    Fd file{::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    if (file || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
    return create_and_unlink(directory);
}

bool write_all(int file, std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t written = ::write(file, octets.data(), octets.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        octets.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

Fd create_and_unlink(const std::string& directory) {
    std::string path = directory + "/sluice-XXXXXX";
    Fd file{::mkostemp(path.data(), O_CLOEXEC)};
    if (file) ::unlink(path.c_str());
    return file;
}

}  // namespace sluice::net
