#include "net/loop.hpp"

#include <sys/eventfd.h>
#include <system_error>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <mutex>
#include <utility>

namespace sluice::net {
namespace {

Instant read_clock() {
    return Instant{std::chrono::floor<Millis>(std::chrono::steady_clock::now().time_since_epoch())};
}

Fd checked(int fd, const char* what) {
    if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
    return Fd{fd};
}

}  // namespace

/// Work from other threads, and the eventfd that wakes the loop for it.
class Loop::Wakeup final : public IoHandler {
  public:
    explicit Wakeup(Loop& loop)
        : loop_(loop), event_(checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")) {
        if (!loop_.watch(event_.get(), *this, EPOLLIN))
            throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }

    void post(std::move_only_function<void()> work) {
        bool first;
        {
            const std::scoped_lock lock(mutex_);
            first = posted_.empty();
            posted_.push_back(std::move(work));
        }
        if (first) ::eventfd_write(event_.get(), 1);
    }

    void on_io(std::uint32_t) override {
        // The eventfd is drained before the swap: work posted after the swap writes to it again.
        ::eventfd_t ignored;
        ::eventfd_read(event_.get(), &ignored);
        {
            const std::scoped_lock lock(mutex_);
            taken_.swap(posted_);
        }
        for (auto& work : taken_)
            loop_.defer(std::move(work));
        taken_.clear();
    }

  private:
    Loop& loop_;
    Fd event_;
    std::mutex mutex_;
    std::vector<std::move_only_function<void()>> posted_;  // under mutex_
    std::vector<std::move_only_function<void()>> taken_;
};

Loop::Loop()
    : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      now_(read_clock()),
      timers_(now_),
      wakeup_(std::make_unique<Wakeup>(*this)) {}

Loop::~Loop() {
    // Destructors of deferred work and handlers may still disarm timers, unwatch, and retire one another.
    deferred_.clear();
    destroy_retired();
}

bool Loop::watch(int fd, IoHandler& handler, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &handler;
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Loop::rewatch(int fd, IoHandler& handler, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &handler;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void Loop::unwatch(int fd) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Loop::post(std::move_only_function<void()> work) {
    wakeup_->post(std::move(work));
}

int Loop::sleep_ms(Millis wait_max) const {
    if (!deferred_.empty()) return 0;
    // Uses the clock, not now_: the turn before this one may have taken long. The clock is rounded down and
    // the kernel never wakes early, so the next deadline has passed on waking, and the loop does not spin
    // towards it.
    const Millis wait = std::min(wait_max, timers_.until_next(read_clock()));
    if (wait == Millis::max()) return -1;
    return static_cast<int>(std::clamp<Millis::rep>(wait.count(), 0, INT_MAX));
}

void Loop::turn(Millis wait_max) {
    epoll_event events[events_max];
    const int count = ::epoll_wait(epoll_.get(), events, events_max, sleep_ms(wait_max));
    if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_wait");
    now_ = read_clock();
    for (int i = 0; i < count; ++i)
        static_cast<IoHandler*>(events[i].data.ptr)->on_io(events[i].events);
    timers_.advance(now_, timers_max);
    run_deferred();
    destroy_retired();
}

}  // namespace sluice::net
