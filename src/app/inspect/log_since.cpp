#include "app/inspect/log_since.hpp"

#include <fmt/chrono.h>

#include "app/process/duration.hpp"
#include "base/decimal.hpp"

namespace sluice::app {

namespace {

using std::chrono::sys_seconds;

LogSince since(sys_seconds time) {
    return {
        .text = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(std::chrono::system_clock::to_time_t(time))),
        .seconds = time.time_since_epoch().count()};
}

/// Takes a number of exactly `digits` digits from the front of `text`. It must be followed by the end, or by
/// one of the characters in `behind` and more text; otherwise returns nothing.
std::optional<unsigned> take_number(std::string_view& text, std::size_t digits, std::string_view behind) {
    const auto number = parse_decimal<unsigned>(text.substr(0, digits));
    if (!number || text.size() < digits) return std::nullopt;
    text.remove_prefix(digits);
    if (text.empty() || behind.empty()) return number;
    if (!behind.contains(text.front())) return std::nullopt;
    text.remove_prefix(1);
    return text.empty() ? std::nullopt : number;
}

}  // namespace

std::optional<LogSince> parse_log_since(std::string_view text, sys_seconds now) {
    using namespace std::chrono;
    if (const auto span = parse_duration(text)) return since(now - *span);
    if (text.ends_with('Z')) text.remove_suffix(1);
    constexpr std::size_t year_digits = 4, digits = 2;
    const auto year = take_number(text, year_digits, "-");
    const auto month = take_number(text, digits, "-");
    const auto day = take_number(text, digits, " T");
    if (!year || !month || !day) return std::nullopt;
    const year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                              std::chrono::day(*day)};
    if (!date.ok()) return std::nullopt;
    sys_seconds time = sys_days(date);
    for (const auto unit : {seconds(hours(1)), seconds(minutes(1)), seconds(1)}) {
        if (text.empty()) break;
        const auto number = take_number(text, digits, ":");
        const unsigned most = unit == seconds(hours(1)) ? 23 : 59;
        if (!number || *number > most) return std::nullopt;
        time += unit * *number;
    }
    if (!text.empty()) return std::nullopt;
    return since(time);
}

}  // namespace sluice::app
