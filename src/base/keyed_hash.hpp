// SipHash-1-3 (Aumasson and Bernstein, 2012) over the keys of tables that strangers can fill.
//
// A stranger who makes us remember addresses of his choice could choose addresses that collide under a hash
// without a secret, and turn a look-up into a walk over half a million entries. Where no stranger chooses the
// keys (a file of the operator's), the same hash serves with a key of zero.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice {

/// A secret of the process; net/secret_hash.hpp gets it from the kernel.
struct HashKey {
    std::uint64_t k0 = 0;
    std::uint64_t k1 = 0;
};

/// A transparent hash for std::unordered_map<std::string, …>. Its call operator is not noexcept, because
/// libstdc++ then stores the hashes in the nodes instead of computing them again while it walks a bucket.
class KeyedHash {
  public:
    using is_transparent = void;

    explicit KeyedHash(const HashKey& key = {}) : key_(key) {}

    std::size_t operator()(std::string_view text) const {
        State state{.v0 = key_.k0 ^ 0x736f6d6570736575U,
                    .v1 = key_.k1 ^ 0x646f72616e646f6dU,
                    .v2 = key_.k0 ^ 0x6c7967656e657261U,
                    .v3 = key_.k1 ^ 0x7465646279746573U};
        const std::uint64_t length = static_cast<std::uint64_t>(text.size()) << 56U;
        for (; text.size() >= 8; text.remove_prefix(8))
            state.absorb(word(text.substr(0, 8)));
        state.absorb(length | word(text));
        state.v2 ^= 0xffU;
        for (int round = 0; round < 3; ++round)
            state.mix();
        return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
    }

  private:
    struct State {
        std::uint64_t v0, v1, v2, v3;

        void mix() {
            v0 += v1;
            v1 = std::rotl(v1, 13) ^ v0;
            v0 = std::rotl(v0, 32);
            v2 += v3;
            v3 = std::rotl(v3, 16) ^ v2;
            v0 += v3;
            v3 = std::rotl(v3, 21) ^ v0;
            v2 += v1;
            v1 = std::rotl(v1, 17) ^ v2;
            v2 = std::rotl(v2, 32);
        }
        void absorb(std::uint64_t m) {
            v3 ^= m;
            mix();
            v0 ^= m;
        }
    };

    static std::uint64_t word(std::string_view octets) {
        std::uint64_t value = 0;
        if (!octets.empty()) std::memcpy(&value, octets.data(), octets.size());
        return value;
    }

    HashKey key_;
};

}  // namespace sluice
