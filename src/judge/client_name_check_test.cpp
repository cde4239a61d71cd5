// Against a real name server of our own.
#include "judge/client_name_check.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <numeric>
#include <span>

#include "judge/dns_result.hpp"
#include "judge/testing/scripted_party.hpp"
#include "net/testing/test_name_server.hpp"

namespace sluice::judge {
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

/// The number of confirmations that `metrics` has counted.
std::uint64_t confirmations(const Metrics& metrics) {
    MetricTotals totals{};
    metrics.add_to(totals);
    const std::size_t results = row_of(Metric::dns_answers).second.size();
    const std::size_t row = metric_layout::firsts[static_cast<std::size_t>(Metric::dns_answers)];
    const auto counted =
        std::span(totals).subspan(row + static_cast<std::size_t>(DnsAbout::forward) * results, results);
    return std::accumulate(counted.begin(), counted.end(), std::uint64_t{0});
}

TEST(ClientNameCheck, SoManyNamesOfAClientAreLookedAt) {
    constexpr std::size_t most = client_names_max;
    const net::TestNameServer server(zones_of({most, most + 1}));
    for (const std::size_t names : {most, most + 1}) {
        Metrics metrics;
        ScriptedParty party(catalogue(), metrics);
        net::Resolver resolver(party.loop, {.servers = {server.server}, .deadline = Millis{20'000}});
        party.sources().resolver = &resolver;
        party.options.dns_deadline = Millis{20'000};
        party.address = IpAddress::v4({192, 0, 2, static_cast<std::uint8_t>(names)});
        Case of(party);
        ASSERT_FALSE(of.reach(Stage::connect));
        ASSERT_TRUE(party.wait());
        EXPECT_EQ(of.name().standing, policy::ClientName::Standing::confirmed);
        EXPECT_EQ(confirmations(metrics), most) << names << " names";
    }
}

}  // namespace
}  // namespace sluice::judge
