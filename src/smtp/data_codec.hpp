// Message content on its way in: the end of DATA is found, bare newlines are judged, dots are stuffed again.
//
// The only end of DATA is CRLF "." CRLF (RFC 5321 4.1.1.4), where the first CRLF may be the one that ended
// the DATA command. SMTP smuggling uses a CR without LF, a LF without CR, and NUL (RFC 5321 2.3.8, 4.5.2):
// they are refused with the whole message, or normalised before anything reaches the MTA, and never passed
// through.
//
// Output is wire form (see MessageView): canonical input comes out as views into the input, without a copy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::smtp {

enum class BareNewlines : std::uint8_t {
    refuse,     // the message is refused: 550 5.6.0 (default)
    normalise,  // a bare LF or bare CR becomes CRLF, NUL is dropped
};

/// Decodes the content after DATA or, for BDAT, a counted chunk of it. The state between calls is a few
/// octets.
class DataDecoder {
  public:
    enum class Framing : std::uint8_t {
        dot,      // DATA: dots are unstuffed, and CRLF.CRLF ends the content
        counted,  // BDAT: octets as they are; dots are data (and are stuffed on output)
    };

    DataDecoder(Framing framing, BareNewlines bare_newlines, std::uint64_t line_octets_max);

    enum class Result : std::uint8_t {
        run,   // run() holds octets to keep; call again
        more,  // all input is consumed
        end,   // (dot) the last line is consumed; the rest of `input` follows the content
    };

    /// Consumes from the front of `input`. After a bare newline in refuse mode run() is of no use; only the
    /// end is looked for.
    Result next(std::string_view& input);
    /// Valid until the next call.
    std::string_view run() const { return run_; }

    /// (counted) Ends the last chunk, and returns what is missing for the content to end in CRLF ("" when
    /// nothing is).
    std::string_view finish();

    /// The octets of the content so far as the sender meant it: unstuffed, CRLF counted as two (RFC 1870 3).
    std::uint64_t octets() const { return octets_; }
    /// Whether a bare CR, a bare LF or a NUL was seen (in either mode).
    bool bare_newline_seen() const { return bare_newline_seen_; }
    /// Whether a line was longer than the bound, its CRLF included.
    bool line_too_long() const { return line_too_long_; }

  private:
    /// The place of the next octet in its line.
    enum class Position : std::uint8_t {
        line_start,  // after a CRLF of the client's: a dot here is stuffing or the end (dot framing)
        dot,         // behind such a dot, consumed and not yet passed on
        dot_cr,      // behind a CR that follows such a dot
        soft_start,  // a line of the output begins, but none of the sender's did: a dot is data and needs
                     // stuffing
        text,        // within a line
        cr,          // after a CR that has been consumed, not yet passed on
    };

    void take_run(std::string_view& input);
    bool take_doubtful(std::string_view& input);
    bool resolve_dot(std::string_view& input);
    bool resolve_cr(std::string_view& input);
    bool bare_newline();
    void emit(std::string_view run);
    void account_lines(std::string_view run);
    Position after_crlf() const {
        return framing_ == Framing::dot ? Position::line_start : Position::soft_start;
    }

    std::string_view run_;
    std::uint64_t octets_ = 0;
    std::uint64_t line_octets_max_;
    std::uint64_t line_octets_ = 0;
    Framing framing_;
    BareNewlines bare_newlines_;
    Position position_;
    bool bare_newline_seen_ = false;
    bool line_too_long_ = false;
};

/// Appends the content that a message in wire form stands for, with dots unstuffed. Used where a message ends
/// up in a file (`sluice sink`). `line_start` carries state between the parts of one message; it begins as
/// true.
void append_unstuffed(std::string_view wire, bool& line_start, std::string& out);

}  // namespace sluice::smtp
