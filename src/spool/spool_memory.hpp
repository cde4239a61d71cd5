// Memory that the large messages of one worker share: chunks of one size, up to a limit, and text stored in
// them. Used on the loop's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "net/timer_wheel.hpp"

namespace sluice::net {
class Loop;
}  // namespace sluice::net

namespace sluice::spool {

/// Chunks that were given back are kept for the next message, so that the kernel need not clear their pages
/// again; those that have not been needed for a while return to the kernel.
class SpoolMemory final : private net::Timer {
  public:
    static constexpr std::size_t chunk_octets = std::size_t{128} * 1024;
    static constexpr Millis kept_time{10'000};

    /// `octets_max` is rounded down to whole chunks. `loop` must outlive this.
    SpoolMemory(net::Loop& loop, std::uint64_t octets_max);
    SpoolMemory(const SpoolMemory&) = delete;
    SpoolMemory& operator=(const SpoolMemory&) = delete;
    /// All chunks must have been given back.
    ~SpoolMemory();

    /// Returns `chunk_octets` octets of undefined content; null when the limit is reached, or the kernel has
    /// none.
    char* take();
    void give_back(char* chunk);

    std::size_t taken() const { return taken_; }
    /// The number of chunks given back, and not yet returned to the kernel.
    std::size_t kept() const { return kept_.size(); }

  private:
    void on_timer() override;

    net::Loop& loop_;
    std::uint64_t chunks_max_;
    std::size_t taken_ = 0;
    std::vector<char*> kept_;
    std::size_t unwanted_ = 0;  // the fewest kept at once since the timer was armed
};

/// Text that grows chunk by chunk and never moves; its chunks are given back when it is destroyed.
class SpoolChunks {
  public:
    /// Takes as much of `octets` as there is memory for, and returns the rest. `memory` must be the same at
    /// each call, and must outlive this.
    std::string_view append(SpoolMemory& memory, std::string_view octets);

    bool empty() const { return parts_.empty(); }
    std::uint64_t octets() const { return octets_; }
    /// Valid until the next append().
    std::span<const std::string_view> parts() const { return parts_; }

  private:
    struct GiveBack {
        SpoolMemory* memory;
        void operator()(char* chunk) const { memory->give_back(chunk); }
    };

    std::vector<std::unique_ptr<char, GiveBack>> chunks_;
    std::vector<std::string_view> parts_;  // the used part of each chunk
    std::uint64_t octets_ = 0;
};

}  // namespace sluice::spool
