#include "load/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace load {

std::size_t Histogram::bucket_of(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= bits) return value;
    const unsigned shift = width - bits - 1;  // leaves its upper bits + 1 bits, the highest of them set
    return (static_cast<std::size_t>(shift) << bits) + (value >> shift);
}

std::uint64_t Histogram::upper_bound(std::size_t bucket) {
    if (bucket < (std::size_t{2} << bits)) return bucket;
    const std::size_t shift = (bucket >> bits) - 1;
    const std::uint64_t top = bucket - (shift << bits);
    return ((top + 1) << shift) - 1;
}

void Histogram::add(std::chrono::nanoseconds value) {
    ++counts_[bucket_of(static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0)))];
    ++count_;
}

std::chrono::nanoseconds Histogram::percentile(double fraction) const {
    if (count_ == 0) return {};
    const auto rank = std::max<std::uint64_t>(
        static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(count_))), 1);
    std::uint64_t seen = 0;
    std::size_t bucket = 0;
    while (bucket < buckets && (seen += counts_[bucket]) < rank)
        ++bucket;
    return std::chrono::nanoseconds(upper_bound(std::min(bucket, buckets - 1)));
}

}  // namespace load
