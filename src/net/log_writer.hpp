// Log lines out of the loop: a bounded buffer that a thread of its own writes to a descriptor.
//
// A reader of our log that stalls, or a disk that is full, never stalls mail: lines wait in the buffer; when
// it is full they are dropped and counted, and the next line that fits is preceded by one that says how many
// were.
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

    /// Writes to `fd`, which it does not own, on a thread of its own. `format` is that of the line that
    /// announces dropped ones ("log_lines_dropped", with "lines" since the last and "total"), and of the one
    /// that tells of a full disk when there is room again ("log_resumed", with "why" and "seconds"). Dropped
    /// lines are counted in `metrics`, too.
    explicit LogWriter(int fd, LogFormat format = LogFormat::json, Metrics& metrics = unread_metrics());
    /// Writes out what is buffered, for at most two seconds; what a full disk does not take then is lost.
    ~LogWriter();

    /// A whole line, with its final newline. Written in order, within 100 ms, in chunks that end at line
    /// ends, and into a file whole or not at all. Never blocks; dropped when `buffer_octets_max` wait already
    /// (as much again may be on its way).
    void write(std::string_view line);
    /// Lines dropped so far, for want of room in the buffer or because the descriptor refused them for good
    /// (reader gone).
    std::uint64_t dropped() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::net
