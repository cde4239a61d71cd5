#include "app/process/log_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fmt/format.h>
#include <utility>

#include "app/process/start_error.hpp"

namespace sluice::app {

namespace {

net::Fd open_for_append(const std::string& path) {
    return net::Fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
}

/// Opens a pipe again, as a file description of our own that never blocks (see net::LogWriter). This happens
/// before the change of user: a worker's user may not open it. Empty for anything but a pipe.
net::Fd open_pipe_again(int fd) {
    struct stat status{};
    if (::fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode)) return {};
    return net::Fd(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
}

}  // namespace

LogFile::LogFile(std::string destination) : destination_(std::move(destination)) {
    if (destination_ == "stdout" || destination_ == "stderr") {
        fd_ = destination_ == "stdout" ? STDOUT_FILENO : STDERR_FILENO;
        owned_ = open_pipe_again(fd_);
        if (owned_) fd_ = owned_.get();
    } else {
        owned_ = open_for_append(destination_);
        file_ = true;
        fd_ = owned_.get();
        if (!owned_)
            throw StartError(
                fmt::format("log.destination {}: {}", destination_, std::generic_category().message(errno)));
        end_cut_line();
    }
}

bool LogFile::reopen() const {
    if (!file_) return true;
    if (!replace(open_for_append(destination_))) return false;
    end_cut_line();
    return true;
}

bool LogFile::replace(const net::Fd& fresh) const {
    return fresh && ::dup3(fresh.get(), fd_, O_CLOEXEC) == fd_;
}

void LogFile::write_now(LogFormat format, std::string_view line) const {
    std::string text;
    if (unannounced_ > 0) {
        LogLine announcement(format, text, std::chrono::system_clock::now(), "log_lines_dropped");
        announcement.number("lines", static_cast<std::int64_t>(unannounced_));
        announcement.number("total", static_cast<std::int64_t>(dropped_)).finish();
    }
    const std::size_t announced = text.size();
    // A killed worker may have left its last line cut; the supervisor is about to log that death.
    if (file_) end_cut_line();
    const std::size_t taken = put(text.append(line));
    if (taken >= announced) unannounced_ = 0;  // also when only the announcement was written
    if (taken < text.size()) {
        ++unannounced_;
        ++dropped_;
    }
}

std::size_t LogFile::put(std::string_view text) const {
    constexpr Millis turn_patience{20};
    struct stat status{};
    if (::fstat(fd_, &status) == 0 && S_ISREG(status.st_mode))
        return lines_.append(fd_, text, turn_patience).octets;
    // A pipe that polls writable takes PIPE_BUF octets as a whole, and our lines are shorter.
    pollfd waiting{fd_, POLLOUT, 0};
    if (::poll(&waiting, 1, 0) != 1 || (waiting.revents & POLLOUT) == 0) return 0;
    return ::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? text.size() : 0;
}

void LogFile::end_cut_line() const {
    (void)net::end_cut_line(destination_.c_str(), fd_);
}

}  // namespace sluice::app
