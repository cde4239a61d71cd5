// SHA-256 (FIPS 180-4) over octets that come in pieces: the result does not depend on how they are cut.
#pragma once

#include <memory>
#include <openssl/evp.h>
#include <string>
#include <string_view>

namespace sluice::net {

class Digest {
  public:
    /// Throws std::bad_alloc when there is no memory; so does hex().
    void take(std::string_view octets);

    /// The first 128 bits of the digest of everything taken so far, as 32 hexadecimal digits; more may
    /// follow.
    std::string hex() const;

  private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    using Context = std::unique_ptr<EVP_MD_CTX, Free>;

    static Context fresh();

    Context context_;  // null = nothing was taken yet
};

}  // namespace sluice::net
