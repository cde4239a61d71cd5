// The destination of log lines: standard output, standard error, or a file that can be reopened after a
// rotation has moved it away.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/log_line.hpp"
#include "net/fd.hpp"
#include "net/whole_lines.hpp"

namespace sluice::app {

class LogFile {
  public:
    /// `destination` is "stdout", "stderr" or a path. Throws StartError when the file cannot be opened.
    explicit LogFile(std::string destination);

    const std::string& destination() const { return destination_; }
    /// Never changes, so that a LogWriter need not know of reopen().
    int fd() const { return fd_; }
    /// Whether it is a file, which can be reopened; the standard streams cannot.
    bool is_file() const { return file_; }

    /// Opens the path anew; does nothing for the standard streams. On failure returns false and keeps the old
    /// file.
    bool reopen() const;
    /// Writes to `fresh` from now on. It is a worker's part of a reopen(): its user may not open the file.
    bool replace(const net::Fd& fresh) const;

    /// Writes the line if that is possible without waiting, and drops it otherwise. It is meant for the
    /// supervisor, which has no log thread and must go on when the reader stalls. Before the next line that
    /// can be written comes one of `format` that says how many were dropped.
    void write_now(LogFormat format, std::string_view line) const;

  private:
    std::size_t put(std::string_view text) const;  // octets of the whole lines that were written
    void end_cut_line() const;

    std::string destination_;
    bool file_ = false;
    net::Fd owned_;
    int fd_;
    mutable net::WholeLines lines_;
    mutable std::uint64_t dropped_ = 0;  // since the start
    mutable std::uint64_t unannounced_ = 0;
};

}  // namespace sluice::app
