#include "net/system_load.hpp"

#include <sys/sysinfo.h>

#include <algorithm>
#include <thread>

namespace sluice::net {

double load_per_core() {
    struct sysinfo info{};
    if (::sysinfo(&info) != 0) return 0;
    constexpr double fixed_point = 1U << SI_LOAD_SHIFT;
    // Counts all cores, because the load is that of the machine: this process's threads may be bound to
    // fewer.
    static const unsigned cores = std::max(std::thread::hardware_concurrency(), 1U);
    return static_cast<double>(info.loads[0]) / fixed_point / cores;
}

}  // namespace sluice::net
