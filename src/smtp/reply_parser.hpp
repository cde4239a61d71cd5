// Replies of an MTA, cut out of a stream of octets (RFC 5321 4.2).
//
// The parser is as tolerant as Postfix's client where tolerance is harmless: lines may end in a bare LF, and
// text may be missing. Anything that could leave us and the MTA with different ideas of which reply answers
// which command is an error, after which the parser cannot go on: lines that do not begin with a code, a code
// that changes between the lines of one reply, and octets or lines beyond the bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "smtp/reply.hpp"

namespace sluice::smtp {

class ReplyParser {
  public:
    /// The longest line, with its end. RFC 5321 4.5.3.1.5 allows 512; Postfix sends longer ones when a policy
    /// text is long.
    static constexpr std::size_t line_octets_max = 2048;
    static constexpr std::size_t lines_max = 128;

    enum class Result : std::uint8_t {
        more,       // all input is consumed and no reply is complete
        reply,      // reply() is one; call again for the next
        malformed,  // this is not SMTP
        too_long,   // a bound was passed
    };

    /// Consumes at most one reply from the front of `input`. After malformed or too_long it consumes nothing
    /// more and returns the same result again.
    Result next(std::string_view& input);

    /// Valid after Result::reply and until the next call of next(). After Result::malformed it has code 0 and
    /// the line that is no reply; after Result::too_long it has no meaning.
    const Reply& reply() const { return reply_; }

    /// Whether a reply has begun and is not complete.
    bool inside() const { return lines_ != 0 || !line_.empty(); }

  private:
    Result take_line(std::string_view line);
    Result fail(Result result);

    Reply reply_;
    std::string line_;  // the beginning of an incomplete line
    std::size_t lines_ = 0;
    Result failure_ = Result::more;  // malformed or too_long after such a failure
};

}  // namespace sluice::smtp
