#include "app/process/restart_backoff.hpp"

#include <algorithm>

namespace sluice::app {

Millis RestartBackoff::died_after(Millis lived) {
    if (lived >= clean_after) deaths_ = 0;
    ++deaths_;
    pause_ = deaths_ == 1 ? first : std::min(pause_ * 2, longest);
    return pause_;
}

}  // namespace sluice::app
