// What the process itself is made of: its heap, which is counted, and its wall clock, which is the world's.
#pragma once

#include <cstdint>

namespace sluice::sim {

/// Blocks from operator new that have not been given back.
std::uint64_t live_blocks();

/// What std::chrono::system_clock::now() says from now on, since 1970.
void set_wall_clock(std::int64_t nanoseconds);

}  // namespace sluice::sim
