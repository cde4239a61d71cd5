#include "store/act_stamp.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace sluice::store {

namespace {

/// Milliseconds since 1970 have 13 digits from 2001 to 2286. Anything else is part of a name.
constexpr std::size_t stamp_digits = 13;

/// The position where the second word ends.
std::size_t end_of_operator(std::string_view text) {
    const std::size_t blank = text.find(' ');
    return blank == std::string_view::npos ? blank : std::min(text.find(' ', blank + 1), text.size());
}

}  // namespace

std::string stamp_act(std::string_view text, WallMillis said) {
    const std::size_t end = end_of_operator(text);
    std::string stamped = end == std::string_view::npos
                              ? fmt::format("{} -@{:013}", text, said)
                              : fmt::format("{}@{:013}{}", text.substr(0, end), said, text.substr(end));
    stamped.resize(std::min(stamped.size(), value_octets_max));
    return stamped;
}

StampedAct read_act_stamp(std::string_view stored) {
    StampedAct read{.text = std::string(stored)};
    const std::size_t end = end_of_operator(stored);
    if (end == std::string_view::npos || end <= stamp_digits) return read;
    const std::size_t at = end - stamp_digits - 1;
    const std::string_view digits = stored.substr(at + 1, stamp_digits);
    const bool all_digits = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    if (stored[at] != '@' || !all_digits) return read;
    std::from_chars(digits.data(), digits.data() + digits.size(), read.said);
    read.text.erase(at, stamp_digits + 1);
    return read;
}

}  // namespace sluice::store
