// The letters that a client wants to send.
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
    std::vector<std::string> recipients;  // those that have not got it yet
    std::size_t octets = 0;

    /// An attempt that was sent to its end without an answer: the letter comes again unchanged.
    struct Unheard {
        std::size_t attempt;
        std::vector<std::string> recipients;
        std::string content;
    };
    std::optional<Unheard> unheard = {};
};

/// Makes text with lines of all kinds: empty, dots alone and in front, long, 8-bit; about `octets` octets. It
/// begins with a header that contains the attempt's number.
std::string make_content(Dice& dice, std::size_t attempt, std::size_t octets);

/// Inserts something that is no line end but looks like one.
void add_bare_newline(Dice& dice, std::string& content);

/// The content after a server has normalised bare newlines (NUL is not handled).
std::string normalised(std::string_view content);

/// Stuffs dots (RFC 5321 4.5.2) and adds the final dot.
std::string stuffed(std::string_view content);
std::string unstuffed(std::string_view wire);

}  // namespace sluice::sim
