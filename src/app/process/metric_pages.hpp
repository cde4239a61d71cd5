// Memory in which workers count and which the supervisor reads. Each seat has its own page, so that no worker
// writes where another does.
//
// Pages belong to the supervisor: the counts of a worker that dies stay, and the next worker in that seat,
// even one of another generation, continues them. A worker has access to its own page only. The supervisor
// adds its numbers up and does not trust them further: no decision depends on them.
#pragma once

#include <memory>
#include <vector>

#include "base/metrics.hpp"

namespace sluice::app {

class MetricPages {
  public:
    /// Lets the next child inherit this page; a child inherits no page otherwise.
    class Bequest {
      public:
        explicit Bequest(Metrics& page);
        ~Bequest();
        Bequest(const Bequest&) = delete;
        Bequest& operator=(const Bequest&) = delete;

      private:
        Metrics& page_;
    };

    /// A page that nobody else holds, with the counts it already has. Throws StartError.
    std::shared_ptr<Metrics> take();

    /// The totals of all pages, whether in use or not.
    MetricTotals totals() const;

  private:
    std::vector<std::shared_ptr<Metrics>> pages_;
};

}  // namespace sluice::app
