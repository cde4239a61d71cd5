// When a worker that died is started again.
//
// At once the first time, so that its accept queue waits for well under a second; then after ever longer
// pauses, because a worker that dies of what it meets at start would otherwise eat a core and fill the log. A
// worker that lived for a while has earned a clean record.
#pragma once

#include "base/time.hpp"

namespace sluice::app {

class RestartBackoff {
  public:
    static constexpr Millis first{100};
    static constexpr Millis longest{30'000};
    static constexpr Millis clean_after{60'000};
    static constexpr unsigned loop_after = 3;  // deaths in a row that are called a crash loop

    /// The worker died after living so long: the pause before the next start.
    Millis died_after(Millis lived);

    /// It keeps dying.
    bool looping() const { return deaths_ >= loop_after; }
    unsigned deaths() const { return deaths_; }

  private:
    unsigned deaths_ = 0;  // in a row
    Millis pause_{0};
};

}  // namespace sluice::app
