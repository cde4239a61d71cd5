// The numbers of base/metric_table.hpp, as one process counts them and another reads them.
//
// To count is one relaxed addition to memory that no other process writes. The memory may be shared with a
// process that outlives this one (app/process/metric_pages.hpp). The numbers are independent of each other,
// so no memory order is promised.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "base/metric_table.hpp"

namespace sluice {

/// Numbers read at one moment, those of a row in the order of its first label, then of its second.
using MetricTotals = std::array<std::uint64_t, metric_cells>;

class Metrics {
  public:
    Metrics() = default;
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// Counts one more. `labels` are the values of the row's labels: enumerators in the label's order, or
    /// indexes.
    template <class... Labels>
    void add(Metric metric, Labels... labels) {
        static_assert(sizeof...(labels) <= 2);
        cell(metric, static_cast<std::size_t>(labels)...).fetch_add(1, std::memory_order_relaxed);
    }
    /// Adds `count` to a counter without labels.
    void add_many(Metric metric, std::uint64_t count) {
        cell(metric).fetch_add(count, std::memory_order_relaxed);
    }
    /// Subtracts one from a gauge.
    void take(Metric metric) { cell(metric).fetch_sub(1, std::memory_order_relaxed); }

    /// Sets all gauges to zero, after the process that counted here has ended.
    void forget_gauges();
    void add_to(MetricTotals& totals) const;

  private:
    std::atomic<std::uint64_t>& cell(Metric metric, std::size_t first = 0, std::size_t second = 0) {
        const std::size_t row = metric_layout::firsts[static_cast<std::size_t>(metric)];
        return cells_.at(row + first * row_of(metric).second.size() + second);
    }

    std::array<std::atomic<std::uint64_t>, metric_cells> cells_{};
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "counted by one process, read by another");
static_assert(std::is_trivially_destructible_v<Metrics>);

/// Metrics that nobody reads, for tests and for commands that end by themselves.
Metrics& unread_metrics();

/// The metrics in the text format of Prometheus (exposition format 0.0.4).
std::string metrics_text(const MetricTotals& totals);

}  // namespace sluice
