// The thread sleeps until there is a line, then waits a moment for more: under load that makes a few dozen
// wake-ups and writes a second, however many lines there are.
//
// The thread must not block in write(2), or the promise to end within two seconds would depend on the log's
// reader. So a pipe is opened once more, non-blocking, as an open file description of our own (O_NONBLOCK on
// the one we were given would affect every process that shares it), and sockets get MSG_DONTWAIT. Lines go to
// a pipe in pieces that pipe(7) keeps whole, because all workers share it; to a file they go as
// whole_lines.hpp describes.
//
// Lines that a full disk does not take are kept and tried again; lines are lost only when the buffer behind
// it is full as well.
#include "net/log_writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
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
#include "net/whole_lines.hpp"

namespace sluice::net {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto gather_time = 50ms;
constexpr std::size_t gather_octets = std::size_t{256} * 1024;
constexpr auto farewell_time = 2s;
constexpr auto stall_check_time = 100ms;
constexpr auto retry_time = 250ms;
constexpr Millis turn_patience{1000};

bool is_regular(int fd) {
    struct stat status{};
    return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

class LogWriter::Impl {
  public:
    Impl(int fd, LogFormat format, Metrics& metrics) : fd_(fd), format_(format), metrics_(metrics) {
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
            // Once a line is lost, the next ones are too, until the announcement of the loss can take their
            // place.
            if (unannounced_ > 0 && buffer_.empty()) announce();
            if (unannounced_ > 0 || buffer_.size() + line.size() > buffer_octets_max) {
                lose(1);
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
            if (taken.empty() && !take_next(lock, taken)) return;
            lock.unlock();
            const int error = write_out(taken);
            lock.lock();
            if (error != 0 && (stopping_ || !may_have_room_later(error))) {
                lose_lines_of(taken);
                if (stopping_) lose_lines_of(buffer_);
            }
            if (stopping_ && error != 0) return;
            note_refusals(taken.empty() ? 0 : error);
            if (taken.empty() && taken.capacity() > 2 * gather_octets) std::string().swap(taken);
            if (!taken.empty()) wake_.wait_for(lock, retry_time, [this] { return stopping_; });
        }
    }

    /// False when nothing more will come.
    bool take_next(std::unique_lock<std::mutex>& lock, std::string& taken) {
        wake_.wait(lock, [this] { return stopping_ || !buffer_.empty(); });
        wake_.wait_for(lock, gather_time, [this] { return stopping_ || buffer_.size() >= gather_octets; });
        if (buffer_.empty()) return false;
        taken.swap(buffer_);
        if (unannounced_ > 0) announce();
        return true;
    }

    void lose_lines_of(std::string& text) {
        lose(static_cast<std::uint64_t>(std::ranges::count(text, '\n')));
        text.clear();
    }

    void lose(std::uint64_t lines) {
        dropped_ += lines;
        unannounced_ += lines;
        metrics_.add_many(Metric::log_lines_lost, lines);
    }

    /// `error` is the reason why lines are kept; 0 when none are. When lines that were kept have been
    /// written, the log says so.
    void note_refusals(int error) {
        if (error != 0 && refused_for_ == 0) refused_since_ = Clock::now();
        if (error == 0 && refused_for_ != 0) {
            const std::chrono::duration<double> lasted = Clock::now() - refused_since_;
            LogLine line{format_, buffer_, std::chrono::system_clock::now(), "log_resumed"};
            line.text("why", std::generic_category().message(refused_for_)).real("seconds", lasted.count());
            line.finish();
        }
        refused_for_ = error;
    }

    /// Writes the announcement into the empty buffer, so that it stands before the next line.
    void announce() {
        LogLine line{format_, buffer_, std::chrono::system_clock::now(), "log_lines_dropped"};
        line.number("lines", static_cast<std::int64_t>(std::exchange(unannounced_, 0)));
        line.number("total", static_cast<std::int64_t>(dropped_));  // in case an announcement is lost itself
        line.finish();
    }

    /// Removes the whole lines that were written from `text`; returns why that is not all (errno).
    int write_out(std::string& text) {
        std::string_view rest = text;
        int error = 0;
        while (!rest.empty() && error == 0) {
            error = wait_writable() ? 0 : ETIMEDOUT;
            if (error == 0) error = write_some(rest);
        }
        text.erase(0, text.size() - rest.size());
        return error;
    }

    int write_some(std::string_view& rest) {
        const auto chunk = next_chunk(rest);
        if (is_regular(fd_)) {
            const LinesAppended done = file_.append(fd_, chunk, turn_patience);
            rest.remove_prefix(done.octets);
            return done.error;
        }
        const ssize_t written = socket_ ? ::send(fd_, chunk.data(), chunk.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                                        : ::write(fd_, chunk.data(), chunk.size());
        if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
        return written < 0 && errno != EINTR && errno != EAGAIN ? errno : 0;
    }

    /// Returns as many whole lines as fit into a chunk; a line that does not fit goes alone.
    std::string_view next_chunk(std::string_view text) const {
        if (text.size() <= chunk_max_) return text;
        auto end = text.rfind('\n', chunk_max_ - 1);
        if (end == std::string_view::npos) end = text.find('\n');
        return end == std::string_view::npos ? text : text.substr(0, end + 1);
    }

    /// False when the time to write is over.
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
    Metrics& metrics_;
    Fd own_;
    WholeLines file_;      // used when `fd_` is a regular file
    int refused_for_ = 0;  // errno while lines are kept; 0 = none are
    Clock::time_point refused_since_;
    bool socket_ = false;
    std::size_t chunk_max_ = gather_octets;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::string buffer_;             // this and the following members: under mutex_
    std::uint64_t dropped_ = 0;      // in all
    std::uint64_t unannounced_ = 0;  // of those, not announced yet
    bool stopping_ = false;
    Clock::time_point stop_by_;

    std::thread thread_;
};

LogWriter::LogWriter(int fd, LogFormat format, Metrics& metrics)
    : impl_(std::make_unique<Impl>(fd, format, metrics)) {}
LogWriter::~LogWriter() = default;

void LogWriter::write(std::string_view line) {
    impl_->write(line);
}
std::uint64_t LogWriter::dropped() const {
    return impl_->dropped();
}

}  // namespace sluice::net
