// SipHash-1-3 (Aumasson and Bernstein, 2012) over the keys of tables that strangers fill.
//
// Whoever can have us remember addresses of his choice could choose them to collide under a hash without a
// secret, and turn a look-up into a walk over half a million entries. Where nobody chooses the keys (a file
// of the operator's) the same hash serves under a key of zero.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>

namespace sluice {

struct HashKey {
    std::uint64_t k0 = 0;
    std::uint64_t k1 = 0;
};

/// A secret of this process.
inline HashKey random_hash_key() {
    std::random_device device;
    const auto word = [&device] { return static_cast<std::uint64_t>(device()) << 32U | device(); };
    return {.k0 = word(), .k1 = word()};
}

/// What SipHash-1-3 has made of the words so far.
class SipState {
  public:
    explicit SipState(const HashKey& key)
        : v0_(key.k0 ^ 0x736f6d6570736575U),
          v1_(key.k1 ^ 0x646f72616e646f6dU),
          v2_(key.k0 ^ 0x6c7967656e657261U),
          v3_(key.k1 ^ 0x7465646279746573U) {}

    void absorb(std::uint64_t m) {
        v3_ ^= m;
        mix();
        v0_ ^= m;
    }
    /// The hash; `octets` were there in all, of which `rest` (fewer than eight) has not been absorbed.
    std::uint64_t finish(std::uint64_t octets, std::string_view rest) {
        absorb(octets << 56U | word(rest));
        v2_ ^= 0xffU;
        for (int round = 0; round < 3; ++round)
            mix();
        return v0_ ^ v1_ ^ v2_ ^ v3_;
    }

    static std::uint64_t word(std::string_view octets) {
        std::uint64_t value = 0;
        if (!octets.empty()) std::memcpy(&value, octets.data(), octets.size());
        return value;
    }

  private:
    void mix() {
        v0_ += v1_;
        v1_ = std::rotl(v1_, 13) ^ v0_;
        v0_ = std::rotl(v0_, 32);
        v2_ += v3_;
        v3_ = std::rotl(v3_, 16) ^ v2_;
        v0_ += v3_;
        v3_ = std::rotl(v3_, 21) ^ v0_;
        v2_ += v1_;
        v1_ = std::rotl(v1_, 17) ^ v2_;
        v2_ = std::rotl(v2_, 32);
    }

    std::uint64_t v0_, v1_, v2_, v3_;
};

/// A transparent hash for std::unordered_map<std::string, …>. Its call operator is not noexcept, so that
/// libstdc++ keeps hashes in the nodes instead of computing them again while it walks a bucket.
class KeyedHash {
  public:
    using is_transparent = void;

    explicit KeyedHash(const HashKey& key = {}) : key_(key) {}

    std::size_t operator()(std::string_view text) const {
        SipState state(key_);
        const std::uint64_t octets = text.size();
        for (; text.size() >= 8; text.remove_prefix(8))
            state.absorb(SipState::word(text.substr(0, 8)));
        return state.finish(octets, text);
    }

  private:
    HashKey key_;
};

/// Under one secret of this process, for tables that are made anew again and again.
class SecretHash : public KeyedHash {
  public:
    SecretHash() : KeyedHash(secret()) {}

  private:
    static const HashKey& secret() {
        static const HashKey key = random_hash_key();
        return key;
    }
};

}  // namespace sluice
