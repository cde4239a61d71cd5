// What a client wants to send.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/dice.hpp"

namespace sluice::sim {

struct Letter {
    std::string sender;
    std::vector<std::string> recipients;  // that have not got it yet
    std::size_t octets = 0;

    /// Sent to its end, and no answer heard: it comes again as it was.
    struct Unheard {
        std::size_t attempt;
        std::vector<std::string> recipients;
        std::string content;
    };
    std::optional<Unheard> unheard = {};
};

/// Text of lines of all kinds: empty, dots alone and in front, long, 8-bit; about so many octets. Begins with
/// a header that has the attempt's number.
std::string make_content(Dice& dice, std::size_t attempt, std::size_t octets);

/// Puts something into it that is no line end and looks like one.
void add_bare_newline(Dice& dice, std::string& content);

/// What a server makes of bare newlines that it normalises (NUL is not dealt with).
std::string normalised(std::string_view content);

/// RFC 5321 4.5.2, with the final dot.
std::string stuffed(std::string_view content);
std::string unstuffed(std::string_view wire);

}  // namespace sluice::sim
