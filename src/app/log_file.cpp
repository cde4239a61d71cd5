#include "app/log_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <cerrno>
#include <fmt/format.h>
#include <utility>

#include "app/start_error.hpp"

namespace sluice::app {

namespace {

net::Fd open_for_append(const std::string& path) {
    return net::Fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
}

/// A pipe as a description of our own that never blocks (see net::LogWriter), opened while we may: a worker's
/// user may not. Empty for anything else.
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
    }
}

bool LogFile::reopen() const {
    return !file_ || replace(open_for_append(destination_));
}

bool LogFile::replace(const net::Fd& fresh) const {
    return fresh && ::dup3(fresh.get(), fd_, O_CLOEXEC) == fd_;
}

void write_without_waiting(int fd, std::string_view line) {
    // A pipe that polls writable takes PIPE_BUF octets whole, and our lines are shorter.
    pollfd waiting{fd, POLLOUT, 0};
    if (::poll(&waiting, 1, 0) != 1 || (waiting.revents & POLLOUT) == 0) return;
    [[maybe_unused]] const ssize_t written = ::write(fd, line.data(), line.size());
}

}  // namespace sluice::app
