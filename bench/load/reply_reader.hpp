// Reads reply codes from a stream of octets, however it is cut (RFC 5321 4.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace load {

class ReplyReader {
  public:
    static constexpr std::uint16_t malformed = 999;

    /// Removes octets from the front of `input` up to the end of a reply. Returns the code of that reply (of
    /// its last line), `malformed` for a line that is no reply, nothing when `input` ended first.
    std::optional<std::uint16_t> next(std::string_view& input);

  private:
    /// Takes one of the first four octets of a line.
    void take(char octet);

    std::uint16_t code_ = 0;
    std::uint8_t column_ = 0;  // in the current line; stops at 4
    bool last_ = true;         // no '-' behind the code
    bool malformed_ = false;
};

}  // namespace load
