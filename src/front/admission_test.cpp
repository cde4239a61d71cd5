// Against a real name server of our own.
#include "front/admission.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <numeric>
#include <optional>
#include <span>

#include "net/testing/test_name_server.hpp"

namespace sluice::front {
namespace {

/// A client at 192.0.2.N that has N names, each of which leads back to it.
std::string zones_of(std::initializer_list<std::size_t> clients) {
    std::string zones = "  local-zone: test. static\n  local-zone: 2.0.192.in-addr.arpa. static\n";
    for (const std::size_t client : clients)
        for (std::size_t name = 1; name <= client; ++name)
            zones += fmt::format(
                "  local-data: \"{0}.2.0.192.in-addr.arpa. PTR n{1}.c{0}.test.\"\n"
                "  local-data: \"n{1}.c{0}.test. A 192.0.2.{0}\"\n",
                client, name);
    return zones;
}

TEST(Admission, SoManyNamesOfAClientAreLookedAt) {
    constexpr std::size_t most = Admission::names_max;
    const net::TestNameServer server(zones_of({most, most + 1}));
    for (const std::size_t names : {most, most + 1}) {
        net::Loop loop;
        net::Resolver resolver(loop, {.servers = {server.server}, .deadline = Millis{20'000}});
        PolicyOptions policy;
        policy.signals = policy::SignalOptions::none();
        policy.dns_deadline = Millis{20'000};
        const IpAddress client = IpAddress::v4({192, 0, 2, static_cast<std::uint8_t>(names)});
        ASSERT_TRUE(Admission::needed(policy, &resolver, true, client));
        Metrics metrics;
        std::optional<policy::ClientName> found;
        Admission admission(loop, resolver, policy, metrics, true, client,
                            [&](Admission::Findings& findings) { found = findings.name; });
        for (const Instant end = loop.now() + Seconds{30}; !found && loop.now() < end;)
            loop.turn(Millis{50});
        ASSERT_TRUE(found);
        EXPECT_EQ(found->standing, policy::ClientName::Standing::confirmed);
        MetricTotals totals{};
        metrics.add_to(totals);
        const std::size_t results = row_of(Metric::dns_answers).second.size();
        const std::size_t row = metric_layout::firsts[static_cast<std::size_t>(Metric::dns_answers)];
        const auto confirmations =
            std::span(totals).subspan(row + static_cast<std::size_t>(DnsAbout::forward) * results, results);
        EXPECT_EQ(std::accumulate(confirmations.begin(), confirmations.end(), std::uint64_t{0}), most)
            << names << " names";
    }
}

}  // namespace
}  // namespace sluice::front
