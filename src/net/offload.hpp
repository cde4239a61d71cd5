// A thread for blocking work, such as disk access: one per worker, with a bounded queue and completions on
// the loop.
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
    /// Waits for the work in progress; work still queued is dropped. No `done` runs after this.
    ~Offload();

    /// Runs `work` on the thread, in the order of submission, and destroys it there; then runs `done`, which
    /// may be empty, on the loop. False, with both dropped, when `queue_max` pieces of work are waiting.
    /// `work` must not throw.
    [[nodiscard]] bool submit(std::move_only_function<void()> work, std::move_only_function<void()> done);

    static constexpr std::size_t queue_max = 4096;

  private:
    struct Job;
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::net
