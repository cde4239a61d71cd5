// The checks that ask DNS, against a real name server of our own: lists, the client's names, the HELO name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "judge/testing/scripted_party.hpp"
#include "net/testing/test_name_server.hpp"

namespace sluice::judge {
namespace {

using testing::ElementsAre;

constexpr std::string_view zones = R"(
  local-zone: list.test. static
  local-data: "7.100.51.198.list.test. A 127.0.0.2"
  local-zone: good.test. static
  local-data: "7.100.51.198.good.test. A 127.0.0.1"
  local-zone: everybody.test. redirect
  local-data: "everybody.test. A 127.0.0.2"
  local-zone: away.test. refuse
  local-zone: 100.51.198.in-addr.arpa. static
  local-data: "8.100.51.198.in-addr.arpa. PTR other.example.test."
  local-data: "9.100.51.198.in-addr.arpa. PTR dyn-198-51-100-9.pool.example.test."
  local-zone: example.test. static
  local-data: "other.example.test. A 192.0.2.1"
  local-data: "dyn-198-51-100-9.pool.example.test. A 198.51.100.9"
  local-data: "host.example.test. A 192.0.2.1"
  local-data: "mail.example.test. MX 10 host.example.test."
)";

class DnsChecks : public testing::Test {
  protected:
    static void SetUpTestSuite() { server = new net::TestNameServer(zones); }
    static void TearDownTestSuite() { delete std::exchange(server, nullptr); }

    DnsChecks() : resolver(party.loop, {.servers = {server->server}, .deadline = Millis{20'000}}) {
        party.sources().resolver = &resolver;
        party.sources().list_has_spoken = [this](const policy::Signal& signal) {
            spoken.emplace_back(signal.what);
        };
        party.options.dns_deadline = Millis{20'000};
    }

    /// "name value" of each signal after `stage`.
    std::vector<std::string> signals_at(Stage stage) {
        EXPECT_TRUE(of.reach(stage) || party.wait());
        EXPECT_TRUE(of.settle() || party.wait());
        std::vector<std::string> all;
        for (const policy::Signal& signal : of.signals())
            all.push_back(std::string(signal.name) + " " + signal.value);
        return all;
    }

    static inline net::TestNameServer* server = nullptr;
    ScriptedParty party;
    net::Resolver resolver;
    std::vector<std::string> spoken;
    Case of{party};
};

TEST_F(DnsChecks, AListingCountsUnlessTheListListsEverybody) {
    party.options.signals = policy::SignalOptions::none();
    party.options.resolve_names = false;
    party.options.dns_lists = {{.zone = "list.test", .weight = 4}, {.zone = "everybody.test", .weight = 8}};
    EXPECT_THAT(signals_at(Stage::connect),
                ElementsAre("dnsbl 127.0.0.2", "dns_list_error lists_everything"));
    EXPECT_EQ(of.verdict().score, 4);
    EXPECT_THAT(spoken, ElementsAre("list.test", "everybody.test"));
}

TEST_F(DnsChecks, AListThatRefusesUsHasNoOpinion) {
    party.options.resolve_names = false;
    party.options.signals = policy::SignalOptions::none();
    party.options.dns_lists = {{.zone = "away.test", .weight = 4}};
    EXPECT_THAT(signals_at(Stage::connect), ElementsAre("dns_list_error refused"));
    EXPECT_EQ(of.verdict().score, 0);
}

TEST_F(DnsChecks, ATrustedClientIsNotLookedUp) {
    party.options.resolve_names = false;
    party.options.dns_lists = {{.zone = "list.test", .weight = 4}};
    of.note({"good", "", "", -100});
    EXPECT_TRUE(of.reach(Stage::connect));
}

TEST_F(DnsChecks, ListsThatDoNotAnswerAreTimedOut) {
    const net::UdpPort deaf;
    net::Resolver unheard(party.loop, {.servers = {"127.0.0.1:" + std::to_string(deaf.port)}});
    party.sources().resolver = &unheard;
    party.options.dns_deadline = Millis{30};
    party.options.dns_lists = {{.zone = "list.test", .weight = 4}};
    EXPECT_THAT(signals_at(Stage::connect),
                testing::UnorderedElementsAre("dns_list_error timed_out", "dns_error timed_out"));
    EXPECT_EQ(of.name().standing, policy::ClientName::Standing::unknown);
}

TEST_F(DnsChecks, NamesAreJudged) {
    EXPECT_THAT(signals_at(Stage::connect), ElementsAre("no_ptr "));
    EXPECT_EQ(of.name().standing, policy::ClientName::Standing::absent);
}

TEST_F(DnsChecks, ANameThatLeadsElsewhereIsUnconfirmed) {
    party.address = IpAddress::v4({198, 51, 100, 8});
    EXPECT_THAT(signals_at(Stage::connect), ElementsAre("ptr_unconfirmed other.example.test"));
}

TEST_F(DnsChecks, ANameOfACustomerIsDynamic) {
    party.address = IpAddress::v4({198, 51, 100, 9});
    EXPECT_THAT(signals_at(Stage::connect), ElementsAre("dynamic_name dyn-198-51-100-9.pool.example.test"));
    EXPECT_EQ(of.name().confirmed(), "dyn-198-51-100-9.pool.example.test");
}

TEST_F(DnsChecks, AHeloNameExistsAsAHostOrAsADomain) {
    for (const std::string name : {"host.example.test", "mail.example.test", "mail.example.test."}) {
        of.drop(policy::SignalScope::hello);
        party.hello = name;
        EXPECT_THAT(signals_at(Stage::helo), ElementsAre()) << name;
    }
    of.drop(policy::SignalScope::hello);
    party.hello = "nothing.example.test";
    EXPECT_THAT(signals_at(Stage::helo), ElementsAre("helo_unresolvable "));
}

TEST_F(DnsChecks, AHeloNameThatDnsCannotTellIsNoSign) {
    party.hello = "client.away.test";
    EXPECT_THAT(signals_at(Stage::helo), ElementsAre("dns_error refused"));
    EXPECT_EQ(of.verdict().score, 0);
}

TEST_F(DnsChecks, ANewHeloWithdrawsTheQuestionAboutTheOldOne) {
    party.hello = "nothing.example.test";
    ASSERT_TRUE(of.reach(Stage::helo));
    of.drop(policy::SignalScope::hello);
    EXPECT_TRUE(of.settle());
}

}  // namespace
}  // namespace sluice::judge
