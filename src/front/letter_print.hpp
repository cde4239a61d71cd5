// The fingerprint by which a message is recognised when it comes again: its octets, its Message-ID, and its
// envelope.
//
// A client whose connection ended before it heard the reply to the dot sends the same octets once more (RFC
// 1047, RFC 5321 6.1). Two messages count as one only if they agree in their octets, their sender, their
// recipients and the parameters of these. A message without a Message-ID, or with more than one, has no
// fingerprint, since two such messages may really be two. The content is taken in wire form, in pieces of any
// size; how it is cut makes no difference. Pure; the field is looked for in the first `header_octets_max`
// octets only.
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

    /// The Message-ID; empty when there is none or it cannot be used.
    std::string_view message_id() const;

    /// Thirty-two hexadecimal digits for this content with this envelope; nothing when the message has no
    /// usable Message-ID. The order of the recipients makes no difference. The hash has no secret, because
    /// machines that share a memory must compute the same name.
    std::optional<std::string> name(const smtp::Envelope& envelope, bool authenticated) const;

  private:
    enum class At : std::uint8_t { field_name, other_field, message_id, body };

    void take_header(char c);
    void end_line();

    At at_ = At::field_name;
    bool line_empty_ = true;      // so far
    bool in_message_id_ = false;  // the field that a continuation line would belong to
    bool too_long_ = false;
    std::uint8_t matched_ = 0;  // octets of the field's name matched so far
    std::uint8_t ids_ = 0;      // Message-ID fields seen, counted up to two
    std::size_t header_octets_ = 0;
    std::string id_;
    net::Digest content_;
};

}  // namespace sluice::front
