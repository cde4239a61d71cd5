// Hashes with a secret key from the kernel (base/keyed_hash.hpp explains the attack that this prevents).
#pragma once

#include <cstdint>
#include <random>

#include "base/keyed_hash.hpp"

namespace sluice::net {

/// A new key at each call.
inline HashKey random_hash_key() {
    std::random_device device;
    const auto word = [&device] { return static_cast<std::uint64_t>(device()) << 32U | device(); };
    return {.k0 = word(), .k1 = word()};
}

/// Uses one secret for the whole process, for tables that are made anew again and again.
class SecretHash : public KeyedHash {
  public:
    SecretHash() : KeyedHash(secret()) {}

  private:
    static const HashKey& secret() {
        static const HashKey key = random_hash_key();
        return key;
    }
};

}  // namespace sluice::net
