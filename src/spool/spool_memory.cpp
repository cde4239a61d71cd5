#include "spool/spool_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "net/loop.hpp"

namespace sluice::spool {
namespace {

// Not from the heap: unmapped memory returns to the kernel at once, wherever the heap's other blocks lie.
char* map_chunk() {
    void* chunk = ::mmap(nullptr, SpoolMemory::chunk_octets, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return chunk == MAP_FAILED ? nullptr : static_cast<char*>(chunk);
}

void unmap_chunk(char* chunk) {
    ::munmap(chunk, SpoolMemory::chunk_octets);
}

}  // namespace

SpoolMemory::SpoolMemory(net::Loop& loop, std::uint64_t octets_max)
    : loop_(loop), chunks_max_(octets_max / chunk_octets) {}

SpoolMemory::~SpoolMemory() {
    assert(taken_ == 0);
    std::ranges::for_each(kept_, unmap_chunk);
}

char* SpoolMemory::take() {
    if (taken_ >= chunks_max_) return nullptr;
    char* chunk;
    if (kept_.empty()) {
        chunk = map_chunk();
        if (chunk == nullptr) return nullptr;
    } else {
        chunk = kept_.back();  // the one given back last: it may still be in the processor's cache
        kept_.pop_back();
        unwanted_ = std::min(unwanted_, kept_.size());
    }
    ++taken_;
    return chunk;
}

void SpoolMemory::give_back(char* chunk) {
    --taken_;
    kept_.push_back(chunk);
    if (armed()) return;
    unwanted_ = kept_.size() - 1;
    loop_.arm(*this, kept_time);
}

void SpoolMemory::on_timer() {
    const auto from = kept_.end() - static_cast<std::ptrdiff_t>(unwanted_);
    std::for_each(from, kept_.end(), unmap_chunk);
    kept_.erase(from, kept_.end());
    unwanted_ = kept_.size();
    if (!kept_.empty()) loop_.arm(*this, kept_time);
}

std::string_view SpoolChunks::append(SpoolMemory& memory, std::string_view octets) {
    while (!octets.empty()) {
        if (parts_.empty() || parts_.back().size() == SpoolMemory::chunk_octets) {
            char* fresh = memory.take();
            if (fresh == nullptr) break;
            chunks_.emplace_back(fresh, GiveBack{&memory});
            parts_.emplace_back(fresh, 0);
        }
        auto& part = parts_.back();
        const std::size_t fits = std::min(octets.size(), SpoolMemory::chunk_octets - part.size());
        std::memcpy(chunks_.back().get() + part.size(), octets.data(), fits);
        part = {part.data(), part.size() + fits};
        octets_ += fits;
        octets.remove_prefix(fits);
    }
    return octets;
}

}  // namespace sluice::spool
