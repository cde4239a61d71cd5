// Latencies in buckets whose width grows with the value: any percentile to within 1.6 %, in a fixed 30 kB.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace load {

class Histogram {
  public:
    void add(std::chrono::nanoseconds value);

    std::uint64_t count() const { return count_; }
    /// The value below or at which `fraction` (0…1) of all values lie, as its bucket's upper bound; 0 when
    /// empty.
    std::chrono::nanoseconds percentile(double fraction) const;

  private:
    // Values below 64 have a bucket each; above, every power of two is divided into 64.
    static constexpr unsigned bits = 6;
    static constexpr std::size_t buckets = (64 - bits + 1) << bits;
    static std::size_t bucket_of(std::uint64_t value);
    static std::uint64_t upper_bound(std::size_t bucket);

    std::array<std::uint64_t, buckets> counts_{};
    std::uint64_t count_ = 0;
};

}  // namespace load
