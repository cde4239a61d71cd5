// A record of the store as a line of JSON: `sluice state dump` writes it, and `load` reads it.
//
//     {"key":"act/192.0.2.0/24","kind":"value","value":"reject root spam","age_s":60,"left_s":3540}
//     {"key":"reputation/192.0.2.7","kind":"evidence","good":1.5,"bad":0,"half_life_s":604800,…}
//     {"key":"rate/all","kind":"counts","counts":[9,3,4,0,0,1],"window_s":60,…}
//
// A key or value that is not UTF-8 is written in hexadecimal, as key_hex and value_hex. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "store/operation.hpp"

namespace sluice::app {

/// The line has no newline.
std::string state_line(const store::Outcome& record);

/// The operation that makes such a record, or what is wrong with the line. A value lasts for the time it had
/// left. A record's age begins with its loading, so a short-term block and the greylist's delay start again.
std::expected<store::Operation, std::string> read_state_line(std::string_view line);

}  // namespace sluice::app
