// The only source of chance in the simulator: one 64-bit seed gives the same draws on every machine, which
// the distributions of <random> do not promise.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::sim {

/// xoshiro256** by Blackman and Vigna, seeded by splitmix64.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) {
        for (std::uint64_t& word : state_)
            word = splitmix(seed);
    }

    std::uint64_t next() {
        const std::uint64_t result = rotated(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17U;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = rotated(state_[3], 45);
        return result;
    }

    /// 0 … bound - 1; `bound` is not 0, and so small that the bias of the remainder does not matter.
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }
    /// Both ends included.
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
    }
    /// Small numbers are as likely as large ones: uniform in the number of digits. `low` is at least 1.
    std::int64_t magnitude(std::int64_t low, std::int64_t high) {
        std::int64_t reach = low;
        while (reach < high && chance(700))
            reach *= 4;
        return between(low, reach < high ? reach : high);
    }
    bool chance(unsigned per_mille) { return below(1000) < per_mille; }
    template <typename T, std::size_t size>
    const T& pick(const T (&choices)[size]) {
        return choices[below(size)];
    }
    template <typename Container>
    auto& pick(Container& choices) {
        return choices[below(choices.size())];
    }
    /// An independent stream: what one actor draws does not shift what another draws.
    Dice fork() { return Dice(next()); }

  private:
    static std::uint64_t rotated(std::uint64_t word, unsigned by) {
        return (word << by) | (word >> (64 - by));
    }
    static std::uint64_t splitmix(std::uint64_t& seed) {
        std::uint64_t word = seed += 0x9e3779b97f4a7c15U;
        word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9U;
        word = (word ^ (word >> 27U)) * 0x94d049bb133111ebU;
        return word ^ (word >> 31U);
    }

    std::array<std::uint64_t, 4> state_{};
};

}  // namespace sluice::sim
