// The hash of keyed_hash.hpp over octets that come in pieces: what it comes to does not depend on how they
// are cut.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/keyed_hash.hpp"

namespace sluice {

class StreamHash {
  public:
    explicit StreamHash(const HashKey& key = {}) : state_(key) {}

    void take(std::string_view octets) {
        octets_ += octets.size();
        if (rest_size_ != 0) {
            const std::size_t count = std::min(octets.size(), word_octets - rest_size_);
            std::ranges::copy(octets.substr(0, count),
                              rest_.begin() + static_cast<std::ptrdiff_t>(rest_size_));
            rest_size_ += count;
            octets.remove_prefix(count);
            if (rest_size_ < word_octets) return;
            state_.absorb(SipState::word({rest_.data(), word_octets}));
        }
        for (; octets.size() >= word_octets; octets.remove_prefix(word_octets))
            state_.absorb(SipState::word(octets.substr(0, word_octets)));
        rest_size_ = octets.size();
        std::ranges::copy(octets, rest_.begin());
    }

    /// Of all that was taken so far; more may follow.
    std::uint64_t value() const {
        SipState state = state_;
        return state.finish(octets_, {rest_.data(), rest_size_});
    }

  private:
    static constexpr std::size_t word_octets = 8;

    SipState state_;
    std::uint64_t octets_ = 0;
    std::array<char, word_octets> rest_{};
    std::size_t rest_size_ = 0;
};

}  // namespace sluice
