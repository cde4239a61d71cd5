// Takes log lines from the loop: a bounded buffer, which a thread writes to a descriptor.
//
// A log reader that stalls, or a full disk, never stalls mail: lines wait in the buffer. When it is full they
// are dropped and counted, and the next line that fits is preceded by one that says how many were dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/log_line.hpp"
#include "base/metrics.hpp"

namespace sluice::net {

class LogWriter {
  public:
    static constexpr std::size_t buffer_octets_max = std::size_t{4} * 1024 * 1024;

    /// Writes to `fd`, which it does not own, on a thread of its own. `format` is the format of two lines
    /// that it adds: the one that announces dropped lines ("log_lines_dropped", with "lines" since the last
    /// and "total"), and the one that reports a full disk when there is room again ("log_resumed", with "why"
    /// and "seconds"). Dropped lines are also counted in `metrics`.
    explicit LogWriter(int fd, LogFormat format = LogFormat::json, Metrics& metrics = unread_metrics());
    /// Writes what is buffered, for at most two seconds; what a full disk does not take by then is lost.
    ~LogWriter();

    /// Takes a whole line, with its final newline. Lines are written in order, within 100 ms, in chunks that
    /// end at line ends, and into a file whole or not at all. Never blocks; the line is dropped when
    /// `buffer_octets_max` octets are waiting already (as much again may be on its way).
    void write(std::string_view line);
    /// The number of lines dropped so far, for want of room in the buffer or because the descriptor refused
    /// them permanently (the reader is gone).
    std::uint64_t dropped() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::net
