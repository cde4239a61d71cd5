#include "net/whole_lines.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "net/fd.hpp"

namespace sluice::net {

namespace {

/// The turn to append. The lock is held through a descriptor of its own, because another thread may replace
/// the file behind `fd` at any time.
class Turn {
  public:
    Turn(int fd, Millis patience) : fd_(::fcntl(fd, F_DUPFD_CLOEXEC, 0)) {
        const auto until = std::chrono::steady_clock::now() + patience;
        while (fd_ && !(come_ = lock(F_WRLCK)) && (errno == EACCES || errno == EAGAIN || errno == EINTR) &&
               std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(Millis{1});
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
        if (fd_) lock(F_UNLCK);
    }

    int fd() const { return fd_.get(); }
    bool has_come() const { return come_; }

  private:
    bool lock(short how) const {
        struct flock all{};
        all.l_type = how;
        all.l_whence = SEEK_SET;
        return ::fcntl(fd_.get(), F_SETLK, &all) == 0;
    }

    Fd fd_;
    bool come_ = false;
};

off_t size_of(int fd) {
    struct stat status{};
    return ::fstat(fd, &status) == 0 ? status.st_size : -1;
}

/// Returns how many octets of `text` are in the file, and why the others are not.
LinesAppended write_all(int fd, std::string_view text) {
    std::size_t written = 0;
    while (written < text.size()) {
        const ssize_t more = ::write(fd, text.data() + written, text.size() - written);
        if (more > 0)
            written += static_cast<std::size_t>(more);
        else if (more == 0 || errno != EINTR)
            return {.octets = written, .error = more == 0 ? ENOSPC : errno};
    }
    return {.octets = written, .error = 0};
}

/// Leaves the file as if the octets after `kept` had not been written. False where that is impossible: the
/// file may only grow, or a process that did not wait for its turn has written to it.
bool take_back(int fd, off_t before, std::size_t written, std::size_t kept) {
    const bool undisturbed = size_of(fd) == before + static_cast<off_t>(written);
    if (!undisturbed || ::ftruncate(fd, before + static_cast<off_t>(kept)) != 0) return false;
    ::lseek(fd, 0, SEEK_END);  // for a standard stream, which may be open without O_APPEND
    return true;
}

}  // namespace

LinesAppended WholeLines::append(int fd, std::string_view lines, Millis patience) {
    const Turn turn(fd, patience);
    if (turn.fd() < 0) return {.octets = 0, .error = errno};
    if (cut_) {
        const LinesAppended end = write_all(turn.fd(), "\n");
        if (end.error != 0) return end;
        cut_ = false;
    }
    const off_t before = size_of(turn.fd());
    const LinesAppended done = write_all(turn.fd(), lines);
    if (done.error == 0) return done;
    const std::size_t newline = lines.substr(0, done.octets).rfind('\n');
    const std::size_t kept = newline == std::string_view::npos ? 0 : newline + 1;
    if (kept < done.octets && !take_back(turn.fd(), before, done.octets, kept))
        cut_ = write_all(turn.fd(), "\n").error != 0;
    return {.octets = kept, .error = done.error};
}

bool may_have_room_later(int error) {
    return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO;
}

bool end_cut_line(const char* path, int fd) {
    const Fd reader(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat read{};
    struct stat appended{};
    if (!reader || ::fstat(reader.get(), &read) != 0 || ::fstat(fd, &appended) != 0) return false;
    if (!S_ISREG(read.st_mode) || read.st_ino != appended.st_ino || read.st_dev != appended.st_dev)
        return false;
    const Turn turn(fd, Millis{0});
    const off_t size = size_of(reader.get());
    char last = '\n';
    // Without the turn, another process may be writing at this moment.
    if (!turn.has_come() || size <= 0 || ::pread(reader.get(), &last, 1, size - 1) != 1 || last == '\n')
        return false;
    return write_all(turn.fd(), "\n").error == 0;
}

}  // namespace sluice::net
