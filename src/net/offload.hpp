// A thread for what would block: disk. One a worker, with a bounded queue of work and completions on the
// loop.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace sluice::net {

class Loop;

class Offload {
  public:
    /// `loop` must outlive this.
    explicit Offload(Loop& loop);
    /// Waits for the work under way; work still queued is dropped. No `done` runs any more.
    ~Offload();

    /// Runs `work` on the thread, in the order of submission, and destroys it there; then runs `done`, which
    /// may be empty, on the loop. False, and both dropped, when `queue_max` pieces of work are waiting.
    /// `work` must not throw.
    [[nodiscard]] bool submit(std::move_only_function<void()> work, std::move_only_function<void()> done);

    static constexpr std::size_t queue_max = 4096;

  private:
    struct Job;
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::net
