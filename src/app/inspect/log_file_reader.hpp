// Files of log lines, plain or compressed by gzip, one line at a time.
//
// Holds a piece of a file and a line of it, however long the file is; a line longer than any of ours is
// passed over.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::app {

/// The longest of Sluice's own lines names as many recipients as a transaction may have.
inline constexpr std::size_t log_line_octets_max = std::size_t{4} << 20U;

/// `path` and what logrotate has made of it ("log.1", "log.2.gz", "log-20261130.gz"), the oldest first, by
/// the time they were written last. Those that were last written before `since` (seconds of the epoch) are
/// left out.
std::vector<std::string> rotated_logs(const std::string& path, std::int64_t since);

/// Calls `take` with each line of the file, without its newline; "-" is standard input. Returns what kept it
/// from reading all of it, as a sentence; empty = nothing did.
std::string read_log_lines(const std::string& path, const std::function<void(std::string_view)>& take);

}  // namespace sluice::app
