#include "app/generation/descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace sluice::app {

namespace {

constexpr std::uint64_t own = 64;           // the loop, the log, signals, what libraries open
constexpr std::uint64_t spool_files = 256;  // a large message whose spool file cannot be opened gets 452
constexpr std::uint64_t dns_sockets = 128;

}  // namespace

std::uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    if (limit.rlim_cur < limit.rlim_max) {
        rlimit raised = limit;
        raised.rlim_cur = raised.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    return limit.rlim_cur;
}

std::uint64_t descriptors_beside_sessions(const Config& config) {
    return own + spool_files + config.relay.pool.connections_max + config.doors().size() +
           (config.needs_resolver() ? dns_sockets : 0);
}

unsigned sessions_within(std::uint64_t limit, unsigned sessions_max, std::uint64_t beside) {
    // With a tiny limit sessions get half of it: running tight is better than not running.
    const std::uint64_t room = std::max(limit > beside ? limit - beside : 0, limit / 2);
    return static_cast<unsigned>(std::min<std::uint64_t>(sessions_max, std::max<std::uint64_t>(room, 1)));
}

}  // namespace sluice::app
