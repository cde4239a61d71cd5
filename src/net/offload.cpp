#include "net/offload.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "net/loop.hpp"
#include "net/quiet_thread.hpp"

namespace sluice::net {

struct Offload::Job {
    std::move_only_function<void()> work;
    std::move_only_function<void()> done;
};

class Offload::Impl {
  public:
    explicit Impl(Loop& loop) : loop_(loop), thread_(start_quiet_thread([this] { serve(); })) {}

    ~Impl() {
        {
            const std::scoped_lock lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_one();
        thread_.join();
    }

    bool submit(Job job) {
        {
            const std::scoped_lock lock(mutex_);
            if (waiting_.size() >= queue_max) return false;
            waiting_.push_back(std::move(job));
        }
        wake_.notify_one();
        return true;
    }

  private:
    void serve() {
        std::unique_lock lock(mutex_);
        for (;;) {
            wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (stopping_) return;
            Job job = std::move(waiting_.front());
            waiting_.pop_front();
            lock.unlock();
            job.work();
            job.work = nullptr;  // what it owns ends here, before the loop hears of it
            // `done` may own what belongs to the loop's thread, and must not end here.
            if (job.done) loop_.post(std::move(job.done));
            lock.lock();
        }
    }

    Loop& loop_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> waiting_;  // under mutex_
    bool stopping_ = false;    // under mutex_
    std::thread thread_;       // last: it uses all of the above
};

Offload::Offload(Loop& loop) : impl_(std::make_unique<Impl>(loop)) {}
Offload::~Offload() = default;

bool Offload::submit(std::move_only_function<void()> work, std::move_only_function<void()> done) {
    return impl_->submit({std::move(work), std::move(done)});
}

}  // namespace sluice::net
