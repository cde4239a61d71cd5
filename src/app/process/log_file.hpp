// Where log lines go: standard output, standard error, or a file that can be opened anew after it was moved
// away.
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
    /// "stdout", "stderr" or a path. Throws StartError when the file cannot be opened.
    explicit LogFile(std::string destination);

    const std::string& destination() const { return destination_; }
    /// Stays the same number for ever, so that a LogWriter need not know of reopen().
    int fd() const { return fd_; }
    /// Whether it can be opened anew, and the standard streams cannot.
    bool is_file() const { return file_; }

    /// Opens the path anew; does nothing for the standard streams. False when that fails, and the old file
    /// stays.
    bool reopen() const;
    /// Writes to `fresh` from now on: a worker's part of a reopen(), for its user may not open the file.
    bool replace(const net::Fd& fresh) const;

    /// Writes the line if that is possible without waiting, and drops it if not; for the supervisor, which
    /// has no thread for a log and must go on when its reader stalls. The next line that can be written is
    /// preceded by one of `format` that says how many were dropped.
    void write_now(LogFormat format, std::string_view line) const;

  private:
    std::size_t put(std::string_view text) const;  // octets of whole lines that were taken
    void end_cut_line() const;

    std::string destination_;
    bool file_ = false;
    net::Fd owned_;
    int fd_;
    mutable net::WholeLines lines_;
    mutable std::uint64_t dropped_ = 0;  // in all
    mutable std::uint64_t unannounced_ = 0;
};

}  // namespace sluice::app
