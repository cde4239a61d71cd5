// The replies to HELO and EHLO that sessions share, one for each recent offer.
//
// The offer changes with what the MTAs behind offer, and a limit of SIZE may change with every connection to
// them. The last few offers are kept, because MTAs that differ make the same offers come and go. An older
// offer lives only as long as the sessions that were told it last.
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

    /// The replies for this offer. Cheap when the same offer is asked for again. Valid until another offer is
    /// asked for, unless the caller keeps a HelloPtr.
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
    std::deque<Kept> kept_;  // in the order in which they were last asked for
};

}  // namespace sluice::front
