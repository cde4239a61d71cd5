#include "net/digest.hpp"

#include <array>
#include <fmt/format.h>
#include <new>

namespace sluice::net {

namespace {

constexpr std::size_t shown_octets = 16;

void check(int done) {
    if (done != 1) throw std::bad_alloc();  // the only possible failure
}

}  // namespace

Digest::Context Digest::fresh() {
    Context context(EVP_MD_CTX_new());
    if (!context) throw std::bad_alloc();
    check(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr));
    return context;
}

void Digest::take(std::string_view octets) {
    if (!context_) context_ = fresh();
    check(EVP_DigestUpdate(context_.get(), octets.data(), octets.size()));
}

std::string Digest::hex() const {
    const Context copy = fresh();
    if (context_) check(EVP_MD_CTX_copy_ex(copy.get(), context_.get()));
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    check(EVP_DigestFinal_ex(copy.get(), digest.data(), nullptr));
    std::string text;
    for (std::size_t at = 0; at < shown_octets; ++at)
        fmt::format_to(std::back_inserter(text), "{:02x}", digest.at(at));
    return text;
}

}  // namespace sluice::net
