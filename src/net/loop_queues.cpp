// The part of the loop that needs no kernel: work deferred to the end of a turn.
#include <utility>

#include "net/loop.hpp"

namespace sluice::net {

void Loop::defer(std::move_only_function<void()> work) {
    deferred_.push_back(std::move(work));
}

void Loop::retire(std::unique_ptr<IoHandler> object) {
    retired_.push_back(std::move(object));
}

void Loop::run() {
    running_ = true;
    while (running_)
        turn(Millis::max());
}

void Loop::run_deferred() {
    running_deferred_.swap(deferred_);
    for (auto& work : running_deferred_)
        work();
    running_deferred_.clear();  // keeps its memory: deferring costs no allocation once warm
}

void Loop::destroy_retired() {
    while (!retired_.empty()) {
        const auto last = std::move(retired_);
        retired_.clear();
    }
}

}  // namespace sluice::net
