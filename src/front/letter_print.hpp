// What a letter is known by when it comes again: its octets, its Message-ID, and its envelope.
//
// A sender whose connection has ended before it heard the reply to the dot sends the same octets once more
// (RFC 1047, RFC 5321 6.1); two letters are one only if they do not differ in any of them, nor in sender,
// recipients and their parameters. A letter without a Message-ID, or with more than one, is known by nothing:
// two of them may be two. The content is taken as it is kept, in wire form, in pieces of any size; how it is
// cut makes no difference. Pure; no more than the first `header_octets_max` octets are looked at for the
// field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/digest.hpp"
#include "smtp/envelope.hpp"

namespace sluice::front {

class LetterPrint {
  public:
    static constexpr std::size_t header_octets_max = 16'384;
    static constexpr std::size_t id_octets_max = 998;  // a line of RFC 5322

    void take(std::string_view octets);

    /// The Message-ID; empty when there is none that can be used.
    std::string_view message_id() const;

    /// Thirty-two hexadecimal digits for this content with this envelope; nothing when the letter has no
    /// Message-ID. The order of the recipients makes no difference. There is no secret in it: machines that
    /// share a memory must come to the same.
    std::optional<std::string> name(const smtp::Envelope& envelope, bool authenticated) const;

  private:
    enum class At : std::uint8_t { field_name, other_field, message_id, body };

    void take_header(char c);
    void end_line();

    At at_ = At::field_name;
    bool line_empty_ = true;      // so far
    bool in_message_id_ = false;  // the field that a continuation line would belong to
    bool too_long_ = false;
    std::uint8_t matched_ = 0;  // octets of the field's name
    std::uint8_t ids_ = 0;      // such fields, up to two
    std::size_t header_octets_ = 0;
    std::string id_;
    net::Digest content_;
};

}  // namespace sluice::front
