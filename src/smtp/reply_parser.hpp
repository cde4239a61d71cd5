// Replies of an MTA, cut out of a stream of octets (RFC 5321 4.2).
//
// As tolerant as Postfix's client where tolerance is harmless: lines may end in a bare LF, and text may be
// missing. What could leave us and the MTA with different ideas of which reply answers which command is an
// error, and there is no way on after it: lines that do not begin with a code, a code that changes between
// the lines of one reply, and what exceeds the bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "smtp/reply.hpp"

namespace sluice::smtp {

class ReplyParser {
  public:
    /// With its line end. RFC 5321 4.5.3.1.5 allows 512; Postfix sends longer ones when a policy text is
    /// long.
    static constexpr std::size_t line_octets_max = 2048;
    static constexpr std::size_t lines_max = 128;

    enum class Result : std::uint8_t {
        more,       // all input is consumed and no reply is complete
        reply,      // reply() is one; call again for the next
        malformed,  // this is not SMTP
        too_long,   // a bound was passed
    };

    /// Consumes from the front of `input`, at most one reply. After malformed or too_long it consumes nothing
    /// more and says the same again.
    Result next(std::string_view& input);

    /// Valid after Result::reply and until the next call of next(). After Result::malformed, with code 0, the
    /// line that is no reply; after Result::too_long nothing to rely on.
    const Reply& reply() const { return reply_; }

    /// A reply has begun and is not complete.
    bool inside() const { return lines_ != 0 || !line_.empty(); }

  private:
    Result take_line(std::string_view line);
    Result fail(Result result);

    Reply reply_;
    std::string line_;  // the part of a line that was there when the input ended
    std::size_t lines_ = 0;
    Result failure_ = Result::more;  // malformed or too_long once it happened
};

}  // namespace sluice::smtp
