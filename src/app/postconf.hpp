// Runs postconf(1), which only reads, to learn what the Postfix of this machine is set to.
//
// Bounds: each of its three runs ends within `postconf_time_max` or is killed, and may say
// `postconf_octets_max`.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

#include "app/postfix_settings.hpp"
#include "base/time.hpp"

namespace sluice::app {

inline constexpr Millis postconf_time_max{5000};
inline constexpr std::size_t postconf_octets_max = 1'000'000;

/// `directory` holds main.cf and master.cf; empty = where Postfix looks by itself. The error says why
/// nothing could be learned: there is no Postfix, or what it said.
std::expected<PostfixSettings, std::string> read_postfix(const std::string& directory);

}  // namespace sluice::app
