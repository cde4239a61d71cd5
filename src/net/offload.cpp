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
            job.work = nullptr;  // what it owns is destroyed here, before the loop is told
            if (job.done) complete(std::move(job.done));
            lock.lock();
        }
    }

    /// `done` may own objects of the loop's thread: it is destroyed there, whether it has run or not.
    void complete(std::move_only_function<void()> done) {
        loop_.post([wanted = std::weak_ptr(alive_), done = std::move(done)]() mutable {
            if (!wanted.expired()) done();
        });
    }

    Loop& loop_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> waiting_;                                       // under mutex_
    bool stopping_ = false;                                         // under mutex_
    const std::shared_ptr<char> alive_ = std::make_shared<char>();  // exists while completions are wanted
    std::thread thread_;                                            // last: it uses all of the above
};

Offload::Offload(Loop& loop) : impl_(std::make_unique<Impl>(loop)) {}
Offload::~Offload() = default;

bool Offload::submit(std::move_only_function<void()> work, std::move_only_function<void()> done) {
    return impl_->submit({std::move(work), std::move(done)});
}

}  // namespace sluice::net
