// Log lines out of the loop: a bounded buffer that a thread of its own writes to a descriptor.
//
// A reader of our log that stalls never stalls mail: when the buffer is full, lines are dropped and counted,
// and the next line that fits is preceded by one that says how many were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/log_line.hpp"

namespace sluice::net {

class LogWriter {
  public:
    static constexpr std::size_t buffer_octets_max = std::size_t{4} * 1024 * 1024;

    /// Writes to `fd`, which it does not own, on a thread of its own. `format` is that of the line that
    /// announces dropped ones ("log_lines_dropped", with "lines" since the last and "total").
    explicit LogWriter(int fd, LogFormat format = LogFormat::json);
    /// Writes out what is buffered, for at most two seconds.
    ~LogWriter();

    /// A whole line, with its final newline. Written in order, within 100 ms, in chunks that end at line
    /// ends. Never blocks; dropped when `buffer_octets_max` wait already (as much again may be on its way).
    void write(std::string_view line);
    /// Lines dropped so far, for want of room or because the descriptor refused them (disk full, reader
    /// gone).
    std::uint64_t dropped() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::net
