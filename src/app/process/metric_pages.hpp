// Memory that workers count in and the supervisor reads: a page for each seat, so that no worker writes where
// another does.
//
// Pages belong to the supervisor: what a worker has counted stays when it dies, and whoever sits there next,
// also one of another generation, goes on. A worker has its own page only. What it writes there is summed up
// and believed no further: no number decides anything.
#pragma once

#include <memory>
#include <vector>

#include "base/metrics.hpp"

namespace sluice::app {

class MetricPages {
  public:
    /// Lets the next child have this page; none of the others ever reaches one.
    class Bequest {
      public:
        explicit Bequest(Metrics& page);
        ~Bequest();
        Bequest(const Bequest&) = delete;
        Bequest& operator=(const Bequest&) = delete;

      private:
        Metrics& page_;
    };

    /// One that nobody else holds, with what was counted there before. Throws StartError.
    std::shared_ptr<Metrics> take();

    /// Of all pages, taken or not.
    MetricTotals totals() const;

  private:
    std::vector<std::shared_ptr<Metrics>> pages_;
};

}  // namespace sluice::app
