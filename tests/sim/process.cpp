#include "sim/process.hpp"

#include <chrono>
#include <cstdlib>
#include <new>

namespace {

std::uint64_t blocks = 0;
std::int64_t wall_clock_ns = 0;

void* allocate(std::size_t size) {
    void* const block = std::malloc(size == 0 ? 1 : size);
    if (block == nullptr) throw std::bad_alloc();
    ++blocks;
    return block;
}

void give_back(void* block) {
    if (block == nullptr) return;
    --blocks;
    std::free(block);
}

}  // namespace

// Replaced for the whole program ([new.delete]); the library's other forms call these. (Those of
// AddressSanitizer do not: blocks from its nothrow forms would be freed by an operator of ours.)
void* operator new(std::size_t size) {
    return allocate(size);
}
void* operator new(std::size_t size, const std::nothrow_t& /*nothrow*/) noexcept {
    try {
        return allocate(size);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void operator delete(void* block) noexcept {
    give_back(block);
}
void operator delete(void* block, std::size_t) noexcept {
    give_back(block);
}

// The library's definition is in a shared object: this one, of the same name, comes first.
std::chrono::system_clock::time_point std::chrono::system_clock::now() noexcept {
    return time_point(std::chrono::duration_cast<duration>(std::chrono::nanoseconds(wall_clock_ns)));
}

namespace sluice::sim {

std::uint64_t live_blocks() {
    return blocks;
}

void set_wall_clock(std::int64_t nanoseconds) {
    wall_clock_ns = nanoseconds;
}

}  // namespace sluice::sim
