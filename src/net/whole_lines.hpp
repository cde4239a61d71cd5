// Lines at the end of a file that several processes append to: each is there whole or not at all.
//
// A disk that fills up takes the first octets of a line and refuses the rest, and the next line, of whichever
// process, would be glued to them. So those who append take turns (a lock of fcntl(2), which ends with its
// process), and a line that was cut is taken back before the next one has its turn.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/time.hpp"

namespace sluice::net {

struct LinesAppended {
    std::size_t octets = 0;  // of whole lines that are in the file
    int error = 0;           // errno of what kept the others out; 0 = nothing did
};

/// One process's way to such a file.
class WholeLines {
  public:
    /// Appends `lines`, each with its newline, to the regular file `fd`, which is open with O_APPEND. After
    /// `patience` it no longer waits for its turn: a process that stands still must not stop the others.
    LinesAppended append(int fd, std::string_view lines, Millis patience);

  private:
    bool cut_ = false;  // a line of ours could be neither taken back nor ended
};

/// Whether `error` is of a kind that passes by itself or by the operator's hand: a disk or a quota is full.
bool may_have_room_later(int error);

/// Ends the last line of the regular file at `path` if it has no end: its writer was killed, or its machine
/// lost power. True when it did. `fd` is the same file, open with O_APPEND.
bool end_cut_line(const char* path, int fd);

}  // namespace sluice::net
