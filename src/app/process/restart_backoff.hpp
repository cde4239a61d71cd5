// Decides when a worker that died is started again.
//
// The first restart comes at once, so that the accept queue waits for well under a second. Later pauses grow,
// because a worker that dies of what it meets at start would otherwise use up a core and fill the log. A
// worker that lived for a while clears the record.
#pragma once

#include "base/time.hpp"

namespace sluice::app {

class RestartBackoff {
  public:
    static constexpr Millis first{100};
    static constexpr Millis longest{30'000};
    static constexpr Millis clean_after{60'000};
    static constexpr unsigned loop_after = 3;  // this many deaths in a row are a crash loop

    /// Records a death after this lifetime, and returns the pause before the next start.
    Millis died_after(Millis lived);

    /// Whether workers keep dying.
    bool looping() const { return deaths_ >= loop_after; }
    unsigned deaths() const { return deaths_; }

  private:
    unsigned deaths_ = 0;  // in a row
    Millis pause_{0};
};

}  // namespace sluice::app
