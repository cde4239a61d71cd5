// The disk thread: work is done in order, each piece after a random time.
#include <deque>
#include <utility>

#include "net/loop.hpp"
#include "net/offload.hpp"
#include "sim/kernel.hpp"

namespace sluice::net {

struct Offload::Job {
    std::move_only_function<void()> work;
    std::move_only_function<void()> done;
};

class Offload::Impl {
  public:
    explicit Impl(Loop& loop) : loop_(loop) {}

    bool submit(Job job) {
        if (waiting_.size() >= queue_max) return false;
        waiting_.push_back(std::move(job));
        if (waiting_.size() == 1) begin();
        return true;
    }

  private:
    void begin() {
        auto& kernel = sim::Kernel::current();
        const bool slow = kernel.faults().strikes(sim::Fault::disk_slow);
        const sim::Micros takes{slow ? kernel.dice().magnitude(10'000, 20'000'000)
                                     : kernel.dice().between(1, 3000)};
        kernel.agenda().after(takes, [this, alive = std::weak_ptr(alive_)] {
            if (!alive.expired()) serve();
        });
    }

    void serve() {
        Job job = std::move(waiting_.front());
        waiting_.pop_front();
        job.work();
        job.work = nullptr;
        if (job.done)
            loop_.post([wanted = std::weak_ptr(alive_), done = std::move(job.done)]() mutable {
                if (!wanted.expired()) done();
            });
        if (!waiting_.empty()) begin();
    }

    Loop& loop_;
    std::deque<Job> waiting_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

Offload::Offload(Loop& loop) : impl_(std::make_unique<Impl>(loop)) {}
Offload::~Offload() = default;

bool Offload::submit(std::move_only_function<void()> work, std::move_only_function<void()> done) {
    return impl_->submit({std::move(work), std::move(done)});
}

}  // namespace sluice::net
