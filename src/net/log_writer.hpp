// Log lines out of the loop: a bounded buffer that a thread of its own writes to a descriptor.
//
// A reader of our log that stalls never stalls mail: when the buffer is full, lines are dropped and counted,
// and the next line that fits is preceded by one that says how many were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace sluice::net {

class LogWriter {
  public:
    static constexpr std::size_t buffer_octets_max = 4 * 1024 * 1024;

    /// Writes to `fd`, which it does not own.
    explicit LogWriter(int fd);
    /// Writes out what is buffered, for at most two seconds.
    ~LogWriter();

    /// A whole line, with its final newline. Written in order, within 100 ms, in chunks that end at line
    /// ends.
    void write(std::string_view line);
    std::uint64_t dropped() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::net
