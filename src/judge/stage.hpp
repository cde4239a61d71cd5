// The stages of a session, in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::judge {

/// `message` is the end of a message, before it is handed to the MTA.
enum class Stage : std::uint8_t { connect, greeting, helo, mail, rcpt, data, message };
inline constexpr std::size_t stages = 7;
std::string_view name_of(Stage stage);

}  // namespace sluice::judge
