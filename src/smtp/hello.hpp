// The replies to HELO and EHLO, rendered once and shared by all sessions that hear them.
//
// A held session whose reply goes out slowly refers to it instead of keeping a copy of a few hundred octets.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <string>
#include <string_view>

#include "smtp/extensions.hpp"

namespace sluice::smtp {

struct ServerOptions;

/// The offer to a client that has not said HELO or EHLO.
inline constexpr Offer nothing_offered;

class Hello;
/// A counted reference. It takes eight octets, and its count is not atomic: very many sessions of one thread
/// hold one.
using HelloPtr = boost::intrusive_ptr<const Hello>;

/// One offer and its replies. Immutable; lives as long as it is the last that some session was told, or is
/// about to be told to one.
class Hello : public boost::intrusive_ref_counter<Hello, boost::thread_unsafe_counter> {
  public:
    /// Renders the replies for the extensions of `offer` that `options` allow, with the smaller of the two
    /// size limits; STARTTLS if `options` have it; and AUTH with these mechanisms, if they allow it.
    static HelloPtr make(const ServerOptions& options, const Offer& offer, std::string_view mechanisms = {});

    struct Told {
        Offer offer;       // the extensions that may be used after it
        std::string wire;  // the reply
    };
    /// The reply to EHLO, and its offer.
    const Told& esmtp() const { return esmtp_; }
    /// The reply to EHLO over TLS: STARTTLS is not offered again (RFC 3207 4.2), and REQUIRETLS only here
    /// (RFC 8689 2).
    const Told& secure() const { return secure_; }
    /// The reply to HELO: no extension, but the size limit still holds.
    const Told& plain() const { return plain_; }

  private:
    Hello(const ServerOptions& options, const Offer& offer, std::string_view mechanisms);

    Told esmtp_;
    Told secure_;
    Told plain_;
};

}  // namespace sluice::smtp
