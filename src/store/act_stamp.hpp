// The time when an operator gave an act, as part of its text: machines that share acts use it to decide which
// of two is newer, whatever has happened to Redis meanwhile. Pure.
//
//     reject root@1764549333123 sends nothing but spam
//
// A Sluice that knows no stamps takes the stamp for a part of the operator's name, and obeys the act.
#pragma once

#include <string>
#include <string_view>

#include "store/record.hpp"

namespace sluice::store {

struct StampedAct {
    std::string text;     // without the stamp
    WallMillis said = 0;  // 0 = it has none
    bool operator==(const StampedAct&) const = default;
};

/// `text` begins with two words, the lane and the operator; where the second is missing it becomes "-". If
/// the result is too long for a record, the end of the reason is cut off, which stands last.
std::string stamp_act(std::string_view text, WallMillis said);
/// The most octets that a stamp adds.
inline constexpr std::size_t act_stamp_octets_max = 16;
StampedAct read_act_stamp(std::string_view stored);

/// Stored in place of an act that was forgotten, so that no machine that missed this puts the act back.
inline constexpr std::string_view forgotten_act = "forgotten -";

}  // namespace sluice::store
