// The number of workers that `workers = 0` stands for.
#pragma once

#include <algorithm>
#include <thread>

namespace sluice::app {

inline unsigned worker_count(unsigned configured) {
    return configured != 0 ? configured : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace sluice::app
