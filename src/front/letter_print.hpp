// What a letter is known by when it comes again: its Message-ID, its size, a hash of its body, and its
// envelope.
//
// A sender whose connection has ended before it heard the reply to the dot sends the same octets once more
// (RFC 1047, RFC 5321 6.1); two letters are one only if all of this is the same. A letter without a
// Message-ID, or with more than one, is known by nothing. The content is taken as it is kept, in wire form,
// in pieces of any size; how it is cut makes no difference. Pure, and bounded: no more than the first
// `header_octets_max` octets are looked at for the field, and no more than `body_hashed_max` of the body are
// hashed, so a large mail costs what a small one does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/stream_hash.hpp"
#include "smtp/envelope.hpp"

namespace sluice::front {

class LetterPrint {
  public:
    static constexpr std::size_t header_octets_max = 16'384;
    static constexpr std::size_t id_octets_max = 998;  // a line of RFC 5322
    static constexpr std::size_t body_hashed_max = 65'536;

    void take(std::string_view octets);

    /// The Message-ID; empty when there is none that can be used.
    std::string_view message_id() const;

    /// Thirty-two hexadecimal digits for this content with this envelope; nothing when the letter has no
    /// Message-ID. The order of the recipients makes no difference, nor do parameters. There is no secret in
    /// it: machines that share a memory must come to the same.
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
    std::size_t body_hashed_ = 0;
    std::uint64_t octets_ = 0;
    std::string id_;
    StreamHash body_;
};

}  // namespace sluice::front
