#include "guard/sandbox.hpp"

#include <sys/resource.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "guard/system_calls.hpp"

namespace sluice::guard {

namespace {

/// Sets the limits of what a worker does not need to 0, and makes that of descriptors final.
void set_limits() {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    rlimit descriptors{};
    bool done = ::setrlimit(RLIMIT_MEMLOCK, &none) == 0 && ::setrlimit(RLIMIT_MSGQUEUE, &none) == 0 &&
                ::getrlimit(RLIMIT_NOFILE, &descriptors) == 0;
    descriptors.rlim_max = descriptors.rlim_cur;
    done = done && ::setrlimit(RLIMIT_NOFILE, &descriptors) == 0;
    if (!done) throw std::system_error(errno, std::generic_category(), "setrlimit");
}

}  // namespace

std::vector<std::string> enter(const Sandbox& sandbox) {
    if (sandbox.user) become(*sandbox.user);
    keep_capabilities({});
    keep_to_itself();
    set_limits();
    std::vector<std::string> missing = restrict_reach(sandbox.reach);
    if (!restrict_system_calls()) missing.emplace_back("system calls (seccomp)");
    return missing;
}

void close_all_but(std::vector<int> kept) {
    std::ranges::sort(kept);
    int from = STDERR_FILENO + 1;
    for (const int fd : kept) {
        if (fd < from) continue;
        if (fd > from) ::close_range(static_cast<unsigned>(from), static_cast<unsigned>(fd - 1), 0);
        from = fd + 1;
    }
    ::close_range(static_cast<unsigned>(from), ~0U, 0);
}

}  // namespace sluice::guard
