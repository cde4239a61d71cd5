#include "net/fd.hpp"

#include <unistd.h>

namespace sluice::net {

void close_descriptor(int fd) {
    ::close(fd);
}

}  // namespace sluice::net
