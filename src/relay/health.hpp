// Decides when an MTA that failed may be tried again: the wait doubles with each failure, up to a minute.
#pragma once

#include <algorithm>

#include "base/time.hpp"

namespace sluice::relay {

class Health {
  public:
    static constexpr Seconds wait_max{60};

    explicit Health(Seconds retry_after)
        : first_wait_(std::max(retry_after, Seconds{1})), wait_(first_wait_) {}

    bool failing() const { return failing_; }
    bool may_try(Instant now) const { return !failing_ || now >= retry_at_; }
    /// Valid only while failing.
    Instant retry_at() const { return retry_at_; }

    void succeeded() {
        failing_ = false;
        wait_ = first_wait_;
    }

    void failed(Instant now) {
        // Several connections that die of one cause count as one failure.
        if (failing_ && now < retry_at_) return;
        failing_ = true;
        retry_at_ = now + wait_;
        wait_ = std::min(wait_ * 2, std::max(wait_max, first_wait_));
    }

  private:
    Seconds first_wait_;
    Seconds wait_;
    Instant retry_at_;
    bool failing_ = false;
};

}  // namespace sluice::relay
