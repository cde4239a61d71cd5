// The thread sleeps until there is something, then waits a moment for more: under load that is a few dozen
// wake-ups and writes a second, however many lines there are.
//
// It must not be caught in write(2), or the promise to end within two seconds would hang on our reader. So a
// pipe is opened once more, non-blocking, as a description of our own (O_NONBLOCK on the one we were given
// would be felt by everybody who shares it), and sockets get MSG_DONTWAIT. Lines go to a pipe in pieces that
// pipe(7) keeps whole, because all workers share it.
#include "net/log_writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "net/fd.hpp"
#include "net/quiet_thread.hpp"

namespace sluice::net {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto gather_time = 50ms;
constexpr std::size_t gather_octets = std::size_t{256} * 1024;
constexpr auto farewell_time = 2s;
constexpr auto stall_check_time = 100ms;

}  // namespace

class LogWriter::Impl {
  public:
    Impl(int fd, LogFormat format) : fd_(fd), format_(format) {
        struct stat status{};
        ::fstat(fd, &status);
        socket_ = S_ISSOCK(status.st_mode);
        if (S_ISFIFO(status.st_mode)) {
            chunk_max_ = PIPE_BUF;
            own_.reset(
                ::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
            if (own_) fd_ = own_.get();
        }
        thread_ = start_quiet_thread([this] { serve(); });
    }

    ~Impl() {
        {
            const std::scoped_lock lock(mutex_);
            stop_by_ = Clock::now() + farewell_time;
            stopping_ = true;
        }
        wake_.notify_one();
        thread_.join();
    }

    void write(std::string_view line) {
        bool wake;
        {
            const std::scoped_lock lock(mutex_);
            const std::size_t before = buffer_.size();
            // Once a line is lost so are the next ones, until their announcement can stand in their place.
            if (unannounced_ > 0 && buffer_.empty()) announce();
            if (unannounced_ > 0 || buffer_.size() + line.size() > buffer_octets_max) {
                ++unannounced_;
                ++dropped_;
                return;
            }
            buffer_.append(line);
            wake = before == 0 || (before < gather_octets && buffer_.size() >= gather_octets);
        }
        if (wake) wake_.notify_one();
    }

    std::uint64_t dropped() const {
        const std::scoped_lock lock(mutex_);
        return dropped_;
    }

  private:
    void serve() {
        std::string taken;
        std::unique_lock lock(mutex_);
        for (;;) {
            wake_.wait(lock, [this] { return stopping_ || !buffer_.empty(); });
            wake_.wait_for(lock, gather_time,
                           [this] { return stopping_ || buffer_.size() >= gather_octets; });
            if (buffer_.empty()) return;
            taken.swap(buffer_);
            if (unannounced_ > 0) announce();
            lock.unlock();
            const std::uint64_t lost = write_out(taken);
            taken.clear();
            if (taken.capacity() > 2 * gather_octets) std::string().swap(taken);
            lock.lock();
            dropped_ += lost;
            unannounced_ += lost;
            if (stopping_ && (lost > 0 || Clock::now() >= stop_by_)) return;
        }
    }

    /// Into the emptied buffer, so that it stands before the next line.
    void announce() {
        LogLine line{format_, buffer_, std::chrono::system_clock::now(), "log_lines_dropped"};
        line.number("lines", static_cast<std::int64_t>(std::exchange(unannounced_, 0)));
        line.number("total", static_cast<std::int64_t>(dropped_));  // should an announcement be lost itself
        line.finish();
    }

    /// Returns how many lines could not be written.
    std::uint64_t write_out(std::string_view text) {
        while (!text.empty()) {
            if (!wait_writable()) break;
            const auto chunk = next_chunk(text);
            const ssize_t written = socket_
                                        ? ::send(fd_, chunk.data(), chunk.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                                        : ::write(fd_, chunk.data(), chunk.size());
            if (written > 0)
                text.remove_prefix(static_cast<std::size_t>(written));
            else if (written < 0 && errno != EINTR && errno != EAGAIN)
                break;
        }
        return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
    }

    /// As many whole lines as fit; a line that does not fit goes alone.
    std::string_view next_chunk(std::string_view text) const {
        if (text.size() <= chunk_max_) return text;
        auto end = text.rfind('\n', chunk_max_ - 1);
        if (end == std::string_view::npos) end = text.find('\n');
        return end == std::string_view::npos ? text : text.substr(0, end + 1);
    }

    /// False when it is time to give up.
    bool wait_writable() {
        for (;;) {
            pollfd wanted{fd_, POLLOUT, 0};
            const int ready = ::poll(&wanted, 1, static_cast<int>(stall_check_time / 1ms));
            if (ready > 0) return true;
            const std::scoped_lock lock(mutex_);
            if (stopping_ && Clock::now() >= stop_by_) return false;
        }
    }

    int fd_;
    const LogFormat format_;
    Fd own_;
    bool socket_ = false;
    std::size_t chunk_max_ = gather_octets;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::string buffer_;             // this and what follows: under mutex_
    std::uint64_t dropped_ = 0;      // in all
    std::uint64_t unannounced_ = 0;  // of those
    bool stopping_ = false;
    Clock::time_point stop_by_;

    std::thread thread_;
};

LogWriter::LogWriter(int fd, LogFormat format) : impl_(std::make_unique<Impl>(fd, format)) {}
LogWriter::~LogWriter() = default;

void LogWriter::write(std::string_view line) {
    impl_->write(line);
}
std::uint64_t LogWriter::dropped() const {
    return impl_->dropped();
}

}  // namespace sluice::net
