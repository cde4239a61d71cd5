// Compares the table of metrics with what it describes: the guide, and the enumerations whose names are
// labels.
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <span>
#include <string>
#include <utility>

#include "base/metric_table.hpp"
#include "front/health_check.hpp"
#include "front/record.hpp"
#include "judge/dns_result.hpp"
#include "policy/overload.hpp"
#include "policy/verdict.hpp"

namespace sluice::app {
namespace {

using testing::HasSubstr;

std::string label_text(const MetricLabel& label) {
    if (label.name.empty()) return {};
    return fmt::format("`{}`: {}", label.name, fmt::join(label.values, ", "));
}

TEST(MetricGuide, TellsOfEveryMetric) {
    std::ifstream in(SLUICE_DOCS "/guide/metrics.md", std::ios::binary);
    const std::string guide{std::istreambuf_iterator<char>(in), {}};
    std::string table = "| metric | labels | what it counts |\n|---|---|---|\n";
    for (const MetricRow& row : metric_table) {
        const std::string second = label_text(row.second);
        table += fmt::format("| `{}` | {}{}{} | {} |\n", row.name, label_text(row.first),
                             second.empty() ? "" : "; ", second, row.help);
    }
    EXPECT_THAT(guide, HasSubstr(table)) << "put this into docs/guide/metrics.md:\n" << table;
}

/// Checks that the label's values are the names of the enumeration's first values, in order.
template <class Enumeration>
void expect_names_of(std::span<const std::string_view> values) {
    for (std::size_t i = 0; i < values.size(); ++i)
        EXPECT_EQ(values[i], name_of(static_cast<Enumeration>(i)));
}

TEST(MetricTable, LabelsAreTheNamesThatTheLogHas) {
    expect_names_of<policy::Lane>(metric_values::lanes);
    expect_names_of<front::Outcome>(metric_values::outcomes);
    expect_names_of<policy::Pressure>(metric_values::pressures);
    EXPECT_EQ(name_of(policy::Lane::reject), std::end(metric_values::lanes)[-1]);
    EXPECT_EQ(name_of(front::Outcome::greylisted), std::end(metric_values::outcomes)[-1]);
    EXPECT_EQ(name_of(policy::Pressure::highest), std::end(metric_values::pressures)[-1]);
}

TEST(MetricTable, ResultsOfDnsAreInTheirOrder) {
    using Status = net::DnsAnswer::Status;
    const std::pair<judge::DnsResult, std::string_view> names[] = {
        {judge::result_of(Status::found), "found"},
        {judge::result_of(Status::absent), "absent"},
        {judge::result_of(Status::servfail), "servfail"},
        {judge::result_of(Status::refused), "refused"},
        {judge::result_of(Status::lame), "lame"},
        {judge::result_of(Status::malformed), "malformed"},
        {judge::result_of(Status::bogus), "bogus"},
        {judge::result_of(Status::unreachable), "unreachable"},
        {judge::result_of(Status::not_asked), "not_asked"},
        {judge::result_of(Status::timed_out), "timed_out"},
        {judge::DnsResult::bad_answer, "bad_answer"},
        {judge::DnsResult::lists_everything, "lists_everything"},
    };
    EXPECT_EQ(std::size(names), std::size(metric_values::dns_results));
    for (const auto& [result, name] : names)
        EXPECT_EQ(name_of(result), name);
    EXPECT_EQ(metric_values::dns_about[static_cast<std::size_t>(judge::DnsAbout::helo)], "helo");
}

TEST(MetricTable, HealthChecksAndProxyFaultsAreInTheirOrder) {
    using front::HealthCheck;
    EXPECT_EQ(name_of(HealthCheck::network), metric_values::health_checks[0]);
    EXPECT_EQ(name_of(HealthCheck::silent), std::end(metric_values::health_checks)[-1]);
    EXPECT_EQ(name_of(front::ProxyFault::missing), "missing");
    EXPECT_EQ(name_of(front::ProxyFault::no_client), std::end(metric_values::proxy_faults)[-1]);
}

TEST(MetricTable, StepsOfOverloadBeginWithTheFirstThatTurnsAway) {
    const std::span steps(metric_values::pressures);
    const std::span turned_away(metric_values::turned_away);
    EXPECT_TRUE(std::ranges::equal(steps.subspan(1), turned_away.first(steps.size() - 1)));
    EXPECT_EQ(turned_away[static_cast<std::size_t>(TurnedAway::client)], "client");
}

}  // namespace
}  // namespace sluice::app
