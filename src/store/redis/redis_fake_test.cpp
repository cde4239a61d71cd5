// A server that behaves as no Redis should.

#include <sys/epoll.h>

#include <array>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/socket.hpp"
#include "store/redis/redis_backing.hpp"
#include "store/testing/backing_harness.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Greets correctly, then answers whatever arrives with `says`, and closes where that is empty.
class FakeRedis final : public net::IoHandler {
  public:
    FakeRedis(net::Loop& loop, std::function<std::string()> says)
        : loop_(loop),
          says_(std::move(says)),
          listener_(std::move(*net::listen_tcp(*net::Endpoint::parse("127.0.0.1:0"), {.shared = false}))) {
        EXPECT_TRUE(loop_.watch(listener_.get(), *this, EPOLLIN));
    }
    ~FakeRedis() override { loop_.unwatch(listener_.get()); }

    void on_io(std::uint32_t /*events*/) override {
        for (net::Accepted next; (next = net::accept_tcp(listener_.get())).fd;) {
            ++clients;
            clients_.push_back(std::make_unique<Client>(*this, std::move(next.fd)));
        }
    }
    RedisHost host() const {
        return {.name = "127.0.0.1", .port = net::local_endpoint(listener_.get()).port};
    }

    unsigned clients = 0;

  private:
    struct Client final : net::IoHandler {
        Client(FakeRedis& server, net::Fd connected) : fake(server), fd(std::move(connected)) {
            EXPECT_TRUE(fake.loop_.watch(fd.get(), *this, EPOLLIN));
        }
        void on_io(std::uint32_t /*events*/) override {
            std::array<char, 65'536> buffer;
            const std::ptrdiff_t count = net::read_some(fd.get(), buffer.data(), buffer.size());
            if (count <= 0) return fd.reset();
            const std::string_view said(buffer.data(), static_cast<std::size_t>(count));
            const std::string_view role =
                said.find("ROLE") == std::string_view::npos ? "+id\r\n" : "*1\r\n$6\r\nmaster\r\n";
            const std::string answer =
                std::exchange(greeted, true) ? fake.says_() : "+PONG\r\n" + std::string(role);
            if (answer.empty()) return fd.reset();
            net::write_some(fd.get(), answer.data(), answer.size());
        }
        FakeRedis& fake;
        net::Fd fd;
        bool greeted = false;
    };

    net::Loop& loop_;
    std::function<std::string()> says_;
    net::Fd listener_;
    std::vector<std::unique_ptr<Client>> clients_;
};

class OddServer : public testing::Test {
  protected:
    /// Returns what is reported after one question, which must be answered with nothing.
    std::string told_of(const std::string& reply) {
        FakeRedis fake(loop_, [&] { return reply; });
        return told_by(fake, RedisTopology::single);
    }
    std::string told_by(const FakeRedis& fake, RedisTopology topology) {
        RedisOptions options{.topology = topology, .hosts = {fake.host()}};
        options.command_timeout = options.connect_timeout = 200ms;
        options.reply_octets_max = 10'000;
        std::string told;
        RedisBacking backing(loop_, options, [&](auto what, auto why) {
            told.append(told.empty() ? "" : "; ").append(what).append(" ").append(why);
        });
        EXPECT_EQ(ask(loop_, backing, {{.verb = Verb::get, .key = "k"}}), Outcomes{});
        EXPECT_EQ(ask(loop_, backing, {{.verb = Verb::list, .key = "k", .amount = 1}}), Outcomes{});
        return told;
    }

    net::Loop loop_;
};

TEST_F(OddServer, IsFoundOut) {
    EXPECT_THAT(told_of("HTTP/1.1 400 Bad Request\r\n"), HasSubstr("it does not speak Redis' protocol"));
    EXPECT_THAT(told_of("$20000\r\n" + std::string(10'001, 'x')),
                HasSubstr("a reply is larger than it may be"));
    EXPECT_THAT(told_of("*2000000000\r\n"), HasSubstr("a reply is larger than it may be"));
    EXPECT_THAT(told_of("+OK\r\n+OK\r\n"), HasSubstr("it spoke out of turn"));
    EXPECT_THAT(told_of("$"), HasSubstr("it did not answer in time"));
    EXPECT_THAT(told_of(""), HasSubstr("it closed the connection"));
    EXPECT_THAT(told_of("-LOADING Redis is loading\r\n"), HasSubstr("it said LOADING"));
    for (const std::size_t octets : {200, 201, 1000})  // reason_octets_max
        EXPECT_THAT(told_of("-" + std::string(octets, 'x') + "\r\n"),
                    testing::EndsWith("it said " + std::string(200, 'x')));
    // The connection stays, but the operator should know.
    EXPECT_THAT(told_of("+OK\r\n"), HasSubstr("store_refused"));
    EXPECT_THAT(told_of("-MOVED 1 127.0.0.1:1\r\n"), HasSubstr("store_refused"));
    EXPECT_THAT(told_of("-NOSCRIPT\r\n"), HasSubstr("store_refused"));
    EXPECT_THAT(told_of("-TRYAGAIN\r\n"), HasSubstr("store_refused"));
}

TEST_F(OddServer, ClusterThatSendsUsAboutIsNotFollowedForEver) {
    std::string reply;
    unsigned answers = 0;
    FakeRedis fake(loop_, [&] {
        ++answers;
        return reply;
    });
    reply = "-MOVED 1 " + fake.host().to_string() + "\r\n";
    EXPECT_THAT(told_by(fake, RedisTopology::cluster), HasSubstr("store_refused"));
    EXPECT_LE(answers, 20u);
}

/// A server that says "once more" is asked again so often, and then no more.
TEST_F(OddServer, IsAskedAgainSoOften) {
    constexpr unsigned redirects = 5;  // redirects_max
    const std::string nothing_there = "$17\r\n0" + std::string(16, '\0') + "\r\n";
    for (const unsigned refusals : {redirects, redirects + 1}) {
        unsigned answers = 0;
        FakeRedis fake(loop_, [&] { return ++answers <= refusals ? "-TRYAGAIN\r\n" : nothing_there; });
        std::string told;
        RedisBacking backing(loop_, {.hosts = {fake.host()}}, [&](auto what, auto) { told += what; });
        const Outcomes outcomes = ask(loop_, backing, {{.verb = Verb::get, .key = "k"}});
        EXPECT_EQ(outcomes.size(), refusals == redirects ? 1u : 0u);
        EXPECT_EQ(told, refusals == redirects ? "" : "store_refused");
        EXPECT_EQ(answers, 1 + redirects);
    }
}

/// The connection counts as up each time it is greeted, and down each time it closes: the link must not
/// reconnect at the speed of the loop.
TEST_F(OddServer, OneThatHangsUpIsLeftAloneForAWhile) {
    FakeRedis fake(loop_, [] { return std::string(); });
    RedisOptions options{.hosts = {fake.host()}};
    options.backoff_min = 50ms;
    options.backoff_max = 200ms;
    unsigned downs = 0;
    RedisBacking backing(loop_, options, [&](auto what, auto) { downs += what == "store_down"; });
    unsigned answered = 0;
    loop_.turn(0ms);
    for (const Instant end = loop_.now() + 500ms; loop_.now() < end; loop_.turn(5ms))
        backing.perform({{.verb = Verb::get, .key = "k"}}, [&](const std::optional<Outcomes>& outcomes) {
            ++answered;
            EXPECT_FALSE(outcomes);
        });
    EXPECT_GE(fake.clients, 2u);
    EXPECT_LE(fake.clients, 6u);
    EXPECT_LE(downs, fake.clients);
    EXPECT_GT(answered, 10u);
}

}  // namespace
}  // namespace sluice::store
