#include "net/regular_look.hpp"

#include <fmt/format.h>

namespace sluice::net {

std::string file_version(const struct stat& status) {
    return fmt::format("{}:{}:{}:{}.{}", status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                       status.st_mtim.tv_nsec);
}

}  // namespace sluice::net
