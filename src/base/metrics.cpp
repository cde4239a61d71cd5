#include "base/metrics.hpp"

#include <fmt/format.h>
#include <iterator>
#include <string_view>

namespace sluice {

namespace {

/// The labels of a number: `{lane="fast",outcome="quit"}`; nothing without labels.
std::string labels_of(const MetricRow& row, std::size_t cell) {
    std::string labels;
    const auto append = [&labels](const MetricLabel& label, std::size_t index) {
        if (label.name.empty()) return;
        labels += fmt::format(R"({}{}="{}")", labels.empty() ? "" : ",", label.name, label.values[index]);
    };
    append(row.first, cell / row.second.size());
    append(row.second, cell % row.second.size());
    return labels.empty() ? labels : '{' + labels + '}';
}

}  // namespace

void Metrics::forget_gauges() {
    for (const MetricRow& row : metric_table)
        if (row.gauge) cell(row.id).store(0, std::memory_order_relaxed);
}

void Metrics::add_to(MetricTotals& totals) const {
    for (std::size_t i = 0; i < metric_cells; ++i)
        totals[i] += cells_[i].load(std::memory_order_relaxed);
}

Metrics& unread_metrics() {
    static Metrics metrics;
    return metrics;
}

std::string metrics_text(const MetricTotals& totals) {
    std::string text;
    const auto out = std::back_inserter(text);
    for (const MetricRow& row : metric_table) {
        fmt::format_to(out, "# HELP {0} {1}\n# TYPE {0} {2}\n", row.name, row.help,
                       row.gauge ? "gauge" : "counter");
        const std::size_t first = metric_layout::firsts[static_cast<std::size_t>(row.id)];
        for (std::size_t cell = 0; cell < row.cells(); ++cell)
            fmt::format_to(out, "{}{} {}\n", row.name, labels_of(row, cell), totals[first + cell]);
    }
    return text;
}

}  // namespace sluice
