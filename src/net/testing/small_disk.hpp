// A full disk, simulated for tests of this process: no file may exceed a given length. As on a real disk, the
// first octets of a write that goes beyond it are taken and the rest are refused.
#pragma once

#include <sys/resource.h>

#include <csignal>

namespace sluice::net {

class SmallDisk {
  public:
    explicit SmallDisk(rlim_t octets) : signal_before_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit small{.rlim_cur = octets, .rlim_max = before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        (void)std::signal(SIGXFSZ, signal_before_);
    }

  private:
    void (*signal_before_)(int);
    rlimit before_{};
};

}  // namespace sluice::net
