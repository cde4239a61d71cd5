// The memory that this process uses, measured so often that a flood cannot fill the machine in between.
#pragma once

#include <cstdint>
#include <functional>

#include "net/fd.hpp"
#include "net/loop.hpp"

namespace sluice::net {

/// Resident octets of this process, mapped files included, from /proc/self/statm; 0 = not known.
std::uint64_t resident_octets(int statm);

class MemoryWatch final : private Timer {
  public:
    static constexpr Millis every{100};

    /// `limit` in octets; 0 = never tight. `changed` is called when tight() has changed. The loop must
    /// outlive this.
    MemoryWatch(Loop& loop, std::uint64_t limit, std::function<void()> changed);

    /// True: more than the limit is in use; or it was, and use is still above nine tenths of the limit.
    bool tight() const { return tight_; }
    std::uint64_t octets() const { return octets_; }

  private:
    void on_timer() override;

    Loop& loop_;
    std::uint64_t limit_;
    std::function<void()> changed_;
    Fd statm_;
    std::uint64_t octets_ = 0;
    bool tight_ = false;
};

}  // namespace sluice::net
