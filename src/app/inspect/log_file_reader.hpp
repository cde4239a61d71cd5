// Reads files of log lines, plain or gzip-compressed, one line at a time.
//
// Only a piece of the file and one line are in memory, however long the file is. A line longer than any that
// Sluice writes is skipped.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::app {

/// The longest line that Sluice writes names as many recipients as a transaction may have.
inline constexpr std::size_t log_line_octets_max = std::size_t{4} << 20U;

/// `path` and its rotated files ("log.1", "log.2.gz", "log-20261130.gz"), the least recently written first.
/// Rotated files last written before `since` (seconds of the epoch) are left out; `path` itself never is.
std::vector<std::string> rotated_logs(const std::string& path, std::int64_t since);

/// Calls `take` with each line of the file, without its newline; "-" is standard input. Returns a sentence
/// that says why not all of it could be read; empty = all was read.
std::string read_log_lines(const std::string& path, const std::function<void(std::string_view)>& take);

}  // namespace sluice::app
