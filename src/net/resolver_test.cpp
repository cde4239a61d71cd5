// The resolver against a real server: an unbound process on a loopback port, with local zones for every
// outcome.
#include "net/resolver.hpp"

#include <chrono>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "net/loop.hpp"
#include "net/testing/test_name_server.hpp"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::UnorderedElementsAre;
using Status = DnsAnswer::Status;

constexpr std::string_view zones =
    "  local-zone: test. static\n"
    "  local-data: \"2.0.0.127.list.test. 77 A 127.0.0.2\"\n"
    "  local-data: \"2.0.0.127.list.test. 77 A 127.0.0.4\"\n"
    "  local-data: '2.0.0.127.list.test. 77 TXT \"why \" \"indeed\"'\n"
    "  local-data: \"six.test. 300 AAAA 2001:db8::25\"\n"
    "  local-data: \"1.2.0.192.in-addr.arpa. PTR mail.example.org.\"\n"
    "  local-zone: refused.test. always_refuse\n"
    // A server that unbound does not ask by default: SERVFAIL at once.
    "forward-zone:\n  name: broken.\n  forward-addr: 127.0.0.1@1\n";

struct TestQuery final : DnsQuery {
    std::optional<DnsAnswer> answer;
    std::function<void()> then = [] {};
    void answered(const DnsAnswer& a) override {
        EXPECT_FALSE(answer) << "answered twice";
        EXPECT_FALSE(pending());
        answer = a;
        then();
    }
};

class ResolverTest : public testing::Test {
  protected:
    static void SetUpTestSuite() { unbound_ = std::make_unique<TestNameServer>(zones); }
    static void TearDownTestSuite() { unbound_.reset(); }

    DnsAnswer ask(const std::string& name, DnsType type) {
        if (!resolver_) start();
        TestQuery query;
        resolver_->ask(query, name, type);
        EXPECT_TRUE(query.pending());
        EXPECT_FALSE(query.answer) << "from inside ask()";
        turn_until([&] { return query.answer.has_value(); });
        return query.answer.value_or(DnsAnswer{});
    }
    void start() { resolver_.emplace(loop_, options_); }
    template <typename Condition>
    void turn_until(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + 20s;
        while (!condition() && std::chrono::steady_clock::now() < end)
            loop_.turn(100ms);
        EXPECT_TRUE(condition());
    }

    static inline std::unique_ptr<TestNameServer> unbound_;

    Loop loop_;
    ResolverOptions options_{.servers = {unbound_->server}, .deadline = 10s};
    std::optional<Resolver> resolver_;
};

TEST_F(ResolverTest, Found) {
    const auto listed = ask("2.0.0.127.list.test", DnsType::a);
    EXPECT_EQ(listed.status, Status::found);
    EXPECT_THAT(listed.addresses,
                UnorderedElementsAre(IpAddress::parse("127.0.0.2"), IpAddress::parse("127.0.0.4")));
    EXPECT_GT(listed.ttl_s, 70U);
    EXPECT_LE(listed.ttl_s, 77U);

    EXPECT_THAT(ask("2.0.0.127.list.test", DnsType::txt).texts, ElementsAre("why indeed"));
    EXPECT_THAT(ask("six.test", DnsType::aaaa).addresses, ElementsAre(IpAddress::parse("2001:db8::25")));
    EXPECT_THAT(ask("1.2.0.192.in-addr.arpa", DnsType::ptr).texts, ElementsAre("mail.example.org"));
}

TEST_F(ResolverTest, AbsentIsNoSuchNameAndNoSuchType) {
    EXPECT_EQ(ask("nobody.list.test", DnsType::a).status, Status::absent);
    EXPECT_EQ(ask("six.test", DnsType::a).status, Status::absent);
}

TEST_F(ResolverTest, AFaultIsNeverAbsentAndToldApart) {
    // The second time libunbound answers from its cache.
    for (int time = 0; time < 2; ++time) {
        EXPECT_EQ(ask("x.broken", DnsType::a).status, Status::servfail);
        EXPECT_EQ(ask("x.refused.test", DnsType::a).status, Status::refused);
    }
    for (const std::string& name :
         {std::string(), std::string(".."), std::string("a..b"), std::string(300, 'x')})
        EXPECT_EQ(ask(name, DnsType::a).status, Status::not_asked) << name;
}

TEST_F(ResolverTest, NobodyListensOrAnswers) {
    const UdpPort silent;
    options_.servers = {silent.server};
    options_.deadline = 200ms;
    const auto start_time = std::chrono::steady_clock::now();
    EXPECT_EQ(ask("six.test", DnsType::aaaa).status, Status::timed_out);
    const auto took = std::chrono::steady_clock::now() - start_time;
    EXPECT_GE(took, 190ms);
    EXPECT_LT(took, 5s);
}

TEST_F(ResolverTest, DestroyedQueriesAreNotAnswered) {
    start();
    auto query = std::make_unique<TestQuery>();
    resolver_->ask(*query, "2.0.0.127.list.test", DnsType::a);
    query.reset();
    EXPECT_EQ(ask("nobody.list.test", DnsType::a).status, Status::absent);
}

TEST_F(ResolverTest, AnsweredMayDestroyAndAsk) {
    start();
    TestQuery last;
    auto first = std::make_unique<TestQuery>();
    first->then = [&] {
        resolver_->ask(last, "six.test", DnsType::aaaa);
        first.reset();
    };
    resolver_->ask(*first, "2.0.0.127.list.test", DnsType::a);
    turn_until([&] { return last.answer.has_value(); });
    EXPECT_FALSE(first);
    EXPECT_EQ(last.answer->status, Status::found);
}

TEST_F(ResolverTest, MayBeDestroyedWithQueriesPending) {
    const UdpPort silent;
    options_.servers = {silent.server};
    start();
    TestQuery query;
    resolver_->ask(query, "six.test", DnsType::aaaa);
    resolver_.reset();
    EXPECT_FALSE(query.pending());
    loop_.turn(0ms);
    EXPECT_FALSE(query.answer);
}

TEST_F(ResolverTest, PendingIsBoundedAlsoByWhatWasGivenUp) {
    const UdpPort silent;
    options_.servers = {silent.server};
    options_.pending_max = 2;
    options_.deadline = 50ms;
    start();
    TestQuery first, third;
    auto second = std::make_unique<TestQuery>();
    resolver_->ask(first, "a.test", DnsType::a);
    resolver_->ask(*second, "b.test", DnsType::a);
    resolver_->ask(third, "c.test", DnsType::a);
    second.reset();
    turn_until([&] { return first.answer && third.answer; });
    EXPECT_EQ(first.answer->status, Status::timed_out);
    EXPECT_EQ(third.answer->status, Status::not_asked);
    EXPECT_EQ(ask("d.test", DnsType::a).status, Status::not_asked);
}

TEST_F(ResolverTest, ManyAtOnce) {
    start();
    std::vector<TestQuery> queries(2000);
    std::size_t answered = 0;
    for (std::size_t i = 0; i < queries.size(); ++i) {
        queries[i].then = [&] { ++answered; };
        resolver_->ask(queries[i], std::to_string(i) + ".list.test", DnsType::a);
    }
    turn_until([&] { return answered == queries.size(); });
    for (const auto& query : queries)
        EXPECT_EQ(query.answer->status, Status::absent);
}

TEST(Resolver, RefusesServersThatAreNoAddresses) {
    Loop loop;
    for (const char* server : {"", "localhost", "127.0.0.1:", "127.0.0.1:x"})
        EXPECT_THROW((Resolver{loop, ResolverOptions{.servers = {server}}}), std::runtime_error) << server;
    EXPECT_NO_THROW((Resolver{loop, ResolverOptions{.servers = {"192.0.2.53", "[2001:db8::53]:5353"}}}));
    EXPECT_NO_THROW((Resolver{loop, ResolverOptions{}}));
}

}  // namespace
}  // namespace sluice::net
