// Unsigned decimal numbers as protocols write them: digits and nothing else.
#pragma once

#include <system_error>

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>

namespace sluice {

/// The number that the whole of `text` stands for; nullopt for no digits, for other characters (sign and
/// space too), or for a value that does not fit.
template <std::unsigned_integral T>
std::optional<T> parse_decimal(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace sluice
