// A record of the memory as a line of JSON, and back: what `sluice state dump` writes and `load` reads.
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

/// Without an end of line.
std::string state_line(const store::Outcome& record);

/// The operation that makes such a record, or what is wrong with the line. Values last for what was left of
/// them; a record is as old as its loading: a short-term block and the greylist's delay begin anew.
std::expected<store::Operation, std::string> read_state_line(std::string_view line);

}  // namespace sluice::app
