#pragma once

#include <chrono>

namespace load {

using Time = std::chrono::steady_clock::time_point;

}  // namespace load
