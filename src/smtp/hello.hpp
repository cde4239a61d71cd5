// What clients are told in reply to HELO and EHLO, rendered once and shared by all sessions that hear it.
//
// A held session that drips this reply refers to it instead of keeping a copy of a few hundred octets.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <string>
#include <string_view>

#include "smtp/extensions.hpp"

namespace sluice::smtp {

struct ServerOptions;

/// What a client may use before it has said HELO or EHLO.
inline constexpr Offer nothing_offered;

class Hello;
/// Keeps one alive. Eight octets and no atomic count: very many sessions hold one, of one thread.
using HelloPtr = boost::intrusive_ptr<const Hello>;

/// One offer and its replies. Immutable; lives for as long as a session was told it last, or is to be told
/// it.
class Hello : public boost::intrusive_ref_counter<Hello, boost::thread_unsafe_counter> {
  public:
    /// What `options` allow of `offer`, with the smaller of the two size limits; STARTTLS where `options`
    /// have it; and AUTH with these mechanisms, where they allow it.
    static HelloPtr make(const ServerOptions& options, const Offer& offer, std::string_view mechanisms = {});

    struct Told {
        Offer offer;       // what may be used after it
        std::string wire;  // the reply
    };
    /// After EHLO.
    const Told& esmtp() const { return esmtp_; }
    /// After EHLO over TLS: STARTTLS is not offered again (RFC 3207 4.2), and only here REQUIRETLS (RFC 8689
    /// 2).
    const Told& secure() const { return secure_; }
    /// After HELO: no extension, and the size limit all the same.
    const Told& plain() const { return plain_; }

  private:
    Hello(const ServerOptions& options, const Offer& offer, std::string_view mechanisms);

    Told esmtp_;
    Told secure_;
    Told plain_;
};

}  // namespace sluice::smtp
