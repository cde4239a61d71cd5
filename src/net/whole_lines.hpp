// Lines at the end of a file that several processes append to: each line is there whole or not at all.
//
// A disk that fills up takes the first octets of a line and refuses the rest, and the next line, from any
// process, would be joined to them. So the processes take turns (a lock of fcntl(2), which ends with its
// process), and a line that was cut is removed again before the next turn.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/time.hpp"

namespace sluice::net {

struct LinesAppended {
    std::size_t octets = 0;  // of whole lines that are in the file
    int error = 0;           // errno that kept the other octets out; 0 = all are in
};

/// The access of one process to such a file.
class WholeLines {
  public:
    /// Appends `lines`, each with its newline, to the regular file `fd`, which is open with O_APPEND. It
    /// waits for its turn for at most `patience`: a process that hangs must not stop the others.
    LinesAppended append(int fd, std::string_view lines, Millis patience);

  private:
    bool cut_ = false;  // a line of this process could neither be removed nor ended
};

/// True: `error` passes by itself or after the operator has acted: a disk or a quota is full.
bool may_have_room_later(int error);

/// Ends the last line of the regular file at `path` if it has no newline, because its writer was killed or
/// the machine lost power. True when it did. `fd` is the same file, open with O_APPEND.
bool end_cut_line(const char* path, int fd);

}  // namespace sluice::net
