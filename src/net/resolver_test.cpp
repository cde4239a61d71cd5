// Against a real server: an unbound of our own on a loopback port, with local zones for every outcome.
#include "net/resolver.hpp"

#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "net/loop.hpp"
#include "net/socket.hpp"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::UnorderedElementsAre;
using Status = DnsAnswer::Status;

/// A UDP socket on a free loopback port.
struct UdpPort {
    Fd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    std::string server;  // "127.0.0.1:port"
    std::uint16_t port = 0;

    UdpPort() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
        const Endpoint endpoint = local_endpoint(fd.get());
        port = endpoint.port;
        server = endpoint.to_string();
    }
};

class Unbound {
  public:
    explicit Unbound(std::uint16_t port) {
        std::string pattern = testing::TempDir() + "sluice-dns-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
        const auto config = directory_ / "unbound.conf";
        std::ofstream{config}
            << "server:\n"
               "  interface: 127.0.0.1\n  port: "
            << port << "\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  directory: " << directory_
            << "\n  use-syslog: no\n  logfile: \"log\"\n  do-daemonize: no\n  num-threads: 1\n"
               "  access-control: 127.0.0.0/8 allow\n  module-config: \"iterator\"\n"
               "  local-zone: test. static\n"
               "  local-data: \"2.0.0.127.list.test. 77 A 127.0.0.2\"\n"
               "  local-data: \"2.0.0.127.list.test. 77 A 127.0.0.4\"\n"
               "  local-data: '2.0.0.127.list.test. 77 TXT \"why \" \"indeed\"'\n"
               "  local-data: \"six.test. 300 AAAA 2001:db8::25\"\n"
               "  local-data: \"1.2.0.192.in-addr.arpa. PTR mail.example.org.\"\n"
               "  local-zone: refused.test. always_refuse\n"
               "remote-control:\n  control-enable: no\n"
               // Which it will not ask by default: SERVFAIL at once.
               "forward-zone:\n  name: broken.\n  forward-addr: 127.0.0.1@1\n";
        const std::string path = config.string();
        const char* const arguments[] = {"unbound", "-d", "-c", path.c_str(), nullptr};
        if (::posix_spawn(&pid_, "/usr/sbin/unbound", nullptr, nullptr, const_cast<char* const*>(arguments),
                          environ))
            throw std::runtime_error("cannot start /usr/sbin/unbound");
    }
    Unbound(const Unbound&) = delete;
    Unbound& operator=(const Unbound&) = delete;
    ~Unbound() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        std::filesystem::remove_all(directory_);
    }

  private:
    std::filesystem::path directory_;
    pid_t pid_ = -1;
};

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
    static void SetUpTestSuite() {
        std::optional<UdpPort> free_port{std::in_place};
        server_ = free_port->server;
        const auto port = free_port->port;
        free_port.reset();
        unbound_ = std::make_unique<Unbound>(port);
        // Until it answers; each time with a resolver that has not met the silence before.
        const auto end = std::chrono::steady_clock::now() + 20s;
        while (std::chrono::steady_clock::now() < end) {
            ResolverTest here;
            here.options_.deadline = 500ms;
            if (here.ask("six.test", DnsType::aaaa).status == Status::found) return;
            std::this_thread::sleep_for(20ms);
        }
        FAIL() << "unbound does not answer";
    }
    static void TearDownTestSuite() { unbound_.reset(); }
    void TestBody() override {}

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

    static inline std::string server_;
    static inline std::unique_ptr<Unbound> unbound_;

    Loop loop_;
    ResolverOptions options_{.servers = {server_}, .deadline = 10s};
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

TEST_F(ResolverTest, FailedIsNeverAbsent) {
    for (const char* name : {"x.broken", "x.refused.test", "", "..", "a..b"})
        EXPECT_EQ(ask(name, DnsType::a).status, Status::failed) << name;
    EXPECT_EQ(ask(std::string(300, 'x'), DnsType::a).status, Status::failed);
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
    EXPECT_EQ(third.answer->status, Status::failed);
    EXPECT_EQ(ask("d.test", DnsType::a).status, Status::failed);
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
