// The time from which an operator wants to read the log. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::app {

struct LogSince {
    std::string text;          // as the log writes a time, or a prefix of one; empty = the whole log
    std::int64_t seconds = 0;  // of the epoch; files last written before it are older
};

/// Reads "2d" (before `now`), "2026-11-30" or "2026-11-30 14:00" (UTC, as in the log); nothing for any other
/// text.
std::optional<LogSince> parse_log_since(std::string_view text, std::chrono::sys_seconds now);

}  // namespace sluice::app
