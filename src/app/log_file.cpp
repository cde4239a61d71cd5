#include "app/log_file.hpp"

#include <fcntl.h>
#include <poll.h>
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

}  // namespace

LogFile::LogFile(std::string destination) : destination_(std::move(destination)) {
    if (destination_ == "stdout") {
        fd_ = STDOUT_FILENO;
    } else if (destination_ == "stderr") {
        fd_ = STDERR_FILENO;
    } else {
        owned_ = open_for_append(destination_);
        fd_ = owned_.get();
        if (!owned_)
            throw StartError(
                fmt::format("log.destination {}: {}", destination_, std::generic_category().message(errno)));
    }
}

bool LogFile::reopen() {
    if (!owned_) return true;
    const net::Fd fresh = open_for_append(destination_);
    return fresh && ::dup3(fresh.get(), fd_, O_CLOEXEC) == fd_;
}

void write_without_waiting(int fd, std::string_view line) {
    // A pipe that polls writable takes PIPE_BUF octets whole, and our lines are shorter.
    pollfd waiting{fd, POLLOUT, 0};
    if (::poll(&waiting, 1, 0) != 1 || (waiting.revents & POLLOUT) == 0) return;
    [[maybe_unused]] const ssize_t written = ::write(fd, line.data(), line.size());
}

}  // namespace sluice::app
