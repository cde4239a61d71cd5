// Properties of the process itself: its heap, whose blocks are counted, and its wall clock, which is the
// world's.
#pragma once

#include <cstdint>

namespace sluice::sim {

/// The number of blocks from operator new that have not been freed.
std::uint64_t live_blocks();

/// Sets what std::chrono::system_clock::now() returns from now on, since 1970.
void set_wall_clock(std::int64_t nanoseconds);

}  // namespace sluice::sim
