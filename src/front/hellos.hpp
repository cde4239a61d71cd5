// The replies to HELO and EHLO that sessions share, one for each offer of late.
//
// What the MTAs behind offer changes, and a limit of SIZE may change with every connection to them. The last
// few offers are kept, as MTAs that differ make them come and go; an older one lives for as long as a session
// was told it last, and no longer.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "smtp/extensions.hpp"
#include "smtp/hello.hpp"
#include "smtp/server.hpp"

namespace sluice::front {

class Hellos {
  public:
    static constexpr std::size_t kept_max = 8;

    /// `options` outlive it.
    explicit Hellos(const smtp::ServerOptions& options) : options_(options) {}

    /// What a client is to be told for this offer. Cheap when asked again for the same; valid until asked for
    /// another, unless somebody keeps it.
    const smtp::Hello& of(const smtp::Offer& offer, std::string_view mechanisms);

    std::size_t kept() const { return kept_.size(); }

  private:
    struct Kept {
        smtp::Offer offer;
        std::string mechanisms;
        smtp::HelloPtr hello;

        bool is_of(const smtp::Offer& other, std::string_view others) const {
            return offer == other && mechanisms == others;
        }
    };

    const smtp::ServerOptions& options_;
    std::deque<Kept> kept_;  // the one asked for last is the last
};

}  // namespace sluice::front
