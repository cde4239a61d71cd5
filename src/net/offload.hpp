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
    explicit Offload(Loop& loop);
    /// Finishes the work under way; work still queued is dropped, and its `done` never runs.
    ~Offload();

    /// Runs `work` on the thread, then `done` on the loop. False when `queue_max` pieces of work are waiting.
    [[nodiscard]] bool submit(std::move_only_function<void()> work, std::move_only_function<void()> done);

    static constexpr std::size_t queue_max = 4096;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::net
