// Where log lines go: standard output, standard error, or a file that can be opened anew after it was moved
// away.
#pragma once

#include <string>
#include <string_view>

#include "net/fd.hpp"

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

  private:
    std::string destination_;
    bool file_ = false;
    net::Fd owned_;
    int fd_;
};

/// Writes the line if that is possible without waiting, and drops it if not; for the supervisor, which has no
/// thread for a log and must go on when its reader stalls.
void write_without_waiting(int fd, std::string_view line);

}  // namespace sluice::app
