// net::Loop in virtual time: the same turn as the real one (src/net/loop.cpp), with the world in place of
// epoll_wait(2).
#include <algorithm>
#include <utility>

#include "net/loop.hpp"
#include "sim/kernel.hpp"

namespace sluice::net {

/// There is only one thread; posted work waits here for the coming turn.
class Loop::Wakeup {
  public:
    std::vector<std::move_only_function<void()>> posted;
};

Loop::Loop() : now_(sim::Kernel::current().now()), timers_(now_), wakeup_(std::make_unique<Wakeup>()) {}

Loop::~Loop() {
    deferred_.clear();
    destroy_retired();
}

bool Loop::watch(int fd, IoHandler& handler, std::uint32_t events) {
    return sim::Kernel::current().watch(fd, handler, events);
}

void Loop::rewatch(int fd, IoHandler& handler, std::uint32_t events) {
    sim::Kernel::current().rewatch(fd, handler, events);
}

void Loop::unwatch(int fd) {
    sim::Kernel::current().unwatch(fd);
}

void Loop::post(std::move_only_function<void()> work) {
    wakeup_->posted.push_back(std::move(work));
    sim::Kernel::current().wake();
}

void Loop::turn(Millis wait_max) {
    sim::Kernel& kernel = sim::Kernel::current();
    kernel.wait(deferred_.empty() ? std::min(wait_max, timers_.until_next(kernel.now())) : Millis{0});
    now_ = kernel.now();
    for (const auto& [handler, events] : kernel.take_ready(events_max))
        handler->on_io(events);
    if (kernel.take_wake()) {
        for (auto& work : std::exchange(wakeup_->posted, {}))
            defer(std::move(work));
    }
    timers_.advance(now_, timers_max);
    run_deferred();
    destroy_retired();
}

}  // namespace sluice::net
