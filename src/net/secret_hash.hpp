// Hashes under a secret that the kernel gives (base/keyed_hash.hpp says what against).
#pragma once

#include <cstdint>
#include <random>

#include "base/keyed_hash.hpp"

namespace sluice::net {

/// Another one each time.
inline HashKey random_hash_key() {
    std::random_device device;
    const auto word = [&device] { return static_cast<std::uint64_t>(device()) << 32U | device(); };
    return {.k0 = word(), .k1 = word()};
}

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

}  // namespace sluice::net
