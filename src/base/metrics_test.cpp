#include "base/metrics.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <set>

#include "base/ascii.hpp"

namespace sluice {
namespace {

using testing::HasSubstr;

std::string text_of(const Metrics& metrics) {
    MetricTotals totals{};
    metrics.add_to(totals);
    return metrics_text(totals);
}

bool is_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return ascii::is_lower(c) || c == '_'; });
}

TEST(MetricTable, EveryRowIsNamedAsPrometheusAsks) {
    std::set<std::string_view> names;
    for (const MetricRow& row : metric_table) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_TRUE(is_name(row.name) && row.name.starts_with("sluice_")) << row.name;
        EXPECT_NE(row.name.ends_with("_total"), row.gauge) << row.name;
        EXPECT_TRUE(row.help.ends_with('.')) << row.name;
        EXPECT_EQ(row.help.find_first_of("\\\n|"), std::string_view::npos) << row.name;
        for (const MetricLabel& label : {row.first, row.second}) {
            EXPECT_EQ(label.name.empty(), label.values.empty()) << row.name;
            EXPECT_TRUE(std::ranges::all_of(label.values, is_name)) << row.name;
        }
        EXPECT_FALSE(row.first.name.empty() && !row.second.name.empty()) << row.name;
        EXPECT_TRUE(!row.gauge || row.cells() == 1) << row.name;
    }
}

TEST(Metrics, EachNumberIsItsOwn) {
    Metrics metrics;
    EXPECT_THAT(text_of(metrics), HasSubstr("sluice_messages_total{result=\"refused\"} 0\n"));
    for (int i = 0; i < 3; ++i)
        metrics.add(Metric::sessions, 1, 2);
    metrics.add(Metric::messages, 0);
    metrics.add(Metric::pregreet_waits);
    const std::string text = text_of(metrics);
    EXPECT_THAT(text, HasSubstr("# TYPE sluice_sessions_total counter\n"));
    EXPECT_THAT(text, HasSubstr("sluice_sessions_total{lane=\"slow\",outcome=\"timed_out\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("sluice_sessions_total{lane=\"slow\",outcome=\"left\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("sluice_messages_total{result=\"accepted\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("sluice_pregreet_waits_total 1\n"));
    EXPECT_EQ(std::ranges::count(text, '\n'), static_cast<std::ptrdiff_t>(metric_cells + 2 * metric_count));
}

TEST(Metrics, GaugesGoUpAndDownAndEnd) {
    Metrics metrics;
    metrics.add(Metric::sessions_held);
    metrics.add(Metric::sessions_held);
    metrics.take(Metric::sessions_held);
    metrics.add(Metric::worker_deaths);
    EXPECT_THAT(text_of(metrics), HasSubstr("# TYPE sluice_sessions gauge\nsluice_sessions 1\n"));
    metrics.forget_gauges();
    EXPECT_THAT(text_of(metrics), HasSubstr("sluice_sessions 0\n"));
    EXPECT_THAT(text_of(metrics), HasSubstr("sluice_worker_deaths_total 1\n"));
}

TEST(Metrics, PagesAreSummed) {
    Metrics one;
    Metrics another;
    one.add(Metric::store_questions);
    another.add(Metric::store_questions);
    MetricTotals totals{};
    one.add_to(totals);
    another.add_to(totals);
    EXPECT_THAT(metrics_text(totals), HasSubstr("sluice_store_questions_total 2\n"));
}

TEST(Metrics, TheLargestAnswerFitsIntoAPacket) {
    MetricTotals totals{};
    totals.fill(std::numeric_limits<std::uint64_t>::max());
    EXPECT_LT(metrics_text(totals).size(), 60'000U);
}

}  // namespace
}  // namespace sluice
