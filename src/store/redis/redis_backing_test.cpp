// One real Redis server, and its failures.

#include <sys/epoll.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/testing/test_certificates.hpp"
#include "store/testing/redis_server.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class RedisBackingTest : public testing::Test {
  protected:
    void open(RedisOptions options) {
        backing_ = std::make_unique<RedisBacking>(loop_, std::move(options), [this](auto what, auto why) {
            told_.push_back(std::string(what) + (why.empty() ? "" : " ") + std::string(why));
        });
    }
    Outcomes ask(Operations batch) { return store::ask(loop_, *backing_, std::move(batch)); }
    bool works() { return ask({{.verb = Verb::get, .key = "works"}}).size() == 1; }
    bool wait_for_news(std::size_t count) {
        return turn_until(loop_, [&] { return told_.size() >= count; });
    }
    std::string last_told() const { return told_.empty() ? "" : told_.back(); }

    net::Loop loop_;
    std::vector<std::string> told_;
    std::unique_ptr<RedisBacking> backing_;
};

/// Keeps asking, turn after turn, and counts the results.
class Load {
  public:
    Load(net::Loop& loop, Backing& backing) : loop_(loop), backing_(backing) {}

    void run_for(Millis time) {
        loop_.turn(0ms);
        const Instant end = loop_.now() + time;
        for (Instant next = loop_.now(); loop_.now() < end; loop_.turn(2ms)) {
            if (loop_.now() < next) continue;
            next = loop_.now() + 2ms;
            for (int i = 0; i < 10; ++i)
                ask_one();
        }
    }
    template <class Condition>
    bool run_until(Condition reached) {
        for (int rounds = 0; rounds < 1000 && !reached(); ++rounds)
            run_for(5ms);
        return reached();
    }
    bool all_answered() {
        return turn_until(loop_, [this] { return answered == asked; });
    }

    unsigned asked = 0;
    unsigned answered = 0;
    unsigned done = 0;  // answered with an outcome
    unsigned twice = 0;
    Millis longest{0};

  private:
    void ask_one() {
        ++asked;
        backing_.perform(
            {{.verb = Verb::count, .key = "load", .term = 1000s, .counts = {1}},
             {.verb = Verb::get, .key = "other" + std::to_string(asked % 100)}},
            [this, began = loop_.now(), first = true](const std::optional<Outcomes>& outcomes) mutable {
                if (!std::exchange(first, false)) ++twice;
                ++answered;
                if (outcomes && outcomes->size() == 2) ++done;
                longest = std::max(longest, loop_.now() - began);
            });
    }

    net::Loop& loop_;
    Backing& backing_;
};

/// Short time limits, so that the tests are quick; a loaded machine must still meet them.
RedisOptions hasty(RedisOptions options) {
    options.connect_timeout = 300ms;
    options.command_timeout = 400ms;
    options.backoff_min = 20ms;
    options.backoff_max = 100ms;
    return options;
}

// ---- access ----------------------------------------------------------------------------------------------

TEST_F(RedisBackingTest, Passwords) {
    const RedisServer server({"--requirepass", "secret"});
    server.cli({"-a", "secret", "ACL", "SETUSER", "sluice", "on", ">own", "~sluice:*", "+eval", "+evalsha",
                "+get", "+set", "+del", "+time", "+pttl", "+scan", "+ping"});
    RedisOptions options = hasty(server.options());
    options.login = {.user = "", .password = "secret"};
    open(options);
    EXPECT_TRUE(works()) << last_told();

    options.login = {.user = "sluice", .password = "own"};  // this user may not ask for the role
    open(options);
    EXPECT_EQ(
        ask({{.verb = Verb::put, .key = "k", .value = "v"}, {.verb = Verb::get, .key = "k"}}).at(1).value,
        "v");
    EXPECT_EQ(ask({{.verb = Verb::list, .key = "", .amount = 9}}).size(), 1u);
    EXPECT_EQ(told_, std::vector<std::string>{});

    options.login.password = "wrong";
    open(options);
    EXPECT_FALSE(works());
    EXPECT_THAT(told_, ElementsAre(HasSubstr("WRONGPASS")));
    EXPECT_THAT(told_.front(), StartsWith("store_down 127.0.0.1:"));

    options.login = {};
    open(options);
    EXPECT_FALSE(works());
    EXPECT_THAT(last_told(), HasSubstr("NOAUTH"));

    options.login = {.user = "sluice", .password = "own"};
    options.key_prefix = "other:";
    open(options);
    EXPECT_FALSE(works());
    EXPECT_FALSE(works());
    EXPECT_EQ(told_.size(), 3u);  // at most once a minute
    EXPECT_THAT(last_told(), StartsWith("store_refused"));
    EXPECT_THAT(last_told(), HasSubstr("NOPERM"));
}

TEST_F(RedisBackingTest, Tls) {
    const net::TestCertificates certificates;
    const std::string chain = certificates.chain_file("server.pem", "DNS:redis.example,IP:127.0.0.1");
    const std::string other = certificates.chain_file("other.pem", "DNS:redis.example,IP:127.0.0.1");
    const RedisServer server(
        {"--port", "0", "--tls-cert-file", chain, "--tls-key-file", chain, "--tls-auth-clients", "no"},
        "--tls-port");
    RedisOptions options = hasty(server.options());
    options.tls = true;
    options.tls_options.ca_file = chain;
    open(options);
    EXPECT_TRUE(works());
    Load load(loop_, *backing_);
    load.run_for(100ms);
    EXPECT_TRUE(load.all_answered());
    EXPECT_EQ(load.done, load.asked);

    options.tls_options.server_name = "redis.example";
    open(options);
    EXPECT_TRUE(works());
    EXPECT_EQ(told_, std::vector<std::string>{});

    options.tls_options.server_name = "another.example";
    open(options);
    EXPECT_FALSE(works());
    EXPECT_THAT(last_told(), HasSubstr("TLS: hostname mismatch"));

    options.tls_options.server_name = "redis.example";
    options.tls_options.ca_file = other;
    open(options);
    EXPECT_FALSE(works());
    EXPECT_THAT(last_told(), HasSubstr("TLS: "));
    EXPECT_THAT(last_told(), HasSubstr("certificate"));

    options.tls_options.ca_file = "/nonexistent";
    EXPECT_THROW(open(options), std::runtime_error);

    options.tls = false;  // plaintext to a TLS port
    open(options);
    EXPECT_FALSE(works());
    EXPECT_EQ(told_.size(), 3u);
}

/// By default, a Redis with TLS requires a client certificate.
TEST_F(RedisBackingTest, TlsWithACertificateOfOurOwn) {
    const net::TestCertificates certificates;
    const std::string chain = certificates.chain_file("server.pem", "IP:127.0.0.1");
    const std::string ours = certificates.chain_file("ours.pem", "DNS:sluice.example");
    const RedisServer server(
        {"--port", "0", "--tls-cert-file", chain, "--tls-key-file", chain, "--tls-ca-cert-file", ours},
        "--tls-port");
    RedisOptions options = hasty(server.options());
    options.tls = true;
    options.tls_options.ca_file = chain;
    open(options);
    EXPECT_FALSE(works());
    EXPECT_THAT(last_told(), HasSubstr("TLS: "));
    options.tls_options.chain_file = ours;
    open(options);
    EXPECT_TRUE(works());
    EXPECT_EQ(told_.size(), 1u);
    options.tls_options.chain_file = certificates.chain_file("keyless.pem", "DNS:a", nullptr, false);
    EXPECT_THROW(open(options), std::runtime_error);
}

TEST_F(RedisBackingTest, UnixSocketsNamesAndDatabases) {
    TestDirectory directory;
    const std::string path = directory.path / "redis.sock";
    const RedisServer server({"--unixsocket", path});
    open(*parse_redis_url("unix:" + path));
    ask({{.verb = Verb::put, .key = "k", .value = "v"}});
    const std::string place = "redis://localhost:" + std::to_string(server.port);
    open(*parse_redis_url(place));
    EXPECT_EQ(ask({{.verb = Verb::get, .key = "k"}}).at(0).value, "v");
    open(*parse_redis_url(place + "/3"));
    EXPECT_FALSE(ask({{.verb = Verb::get, .key = "k"}}).at(0).found);
    EXPECT_EQ(told_, std::vector<std::string>{});
    open(*parse_redis_url(place + "/99"));
    EXPECT_FALSE(works());
    EXPECT_THAT(last_told(), HasSubstr("DB index is out of range"));
    open(*parse_redis_url("redis://no-such-host.invalid"));
    EXPECT_FALSE(works());
    EXPECT_THAT(last_told(), HasSubstr("no-such-host.invalid"));
}

// ---- foreign data ----------------------------------------------------------------------------------------

TEST_F(RedisBackingTest, WhatIsNotOursIsNothing) {
    const RedisServer server;
    open(server.options());
    server.cli({"LPUSH", "sluice:list", "x"});
    server.cli({"SET", "sluice:text", "eevidence"});
    server.cli({"SET", "sluice:window", "w" + std::string(80, 'x')});  // the right length
    server.cli({"SET", "sluice:short", "v"});
    server.cli({"EVAL",
                "return redis.call('SET', 'sluice:nan', struct.pack('<c1i8i8ddi8', 'e', 1, 1, 0/0, 1, 1))",
                "0"});
    server.cli({"SET", "foreign", "x"});
    for (const std::string key : {"list", "text", "window"}) {
        EXPECT_EQ(ask({{.verb = Verb::get, .key = key}}), Outcomes{Outcome{}});
        EXPECT_EQ(ask({{.verb = Verb::weigh, .key = key, .term = 1s}}), Outcomes{Outcome{}});
    }
    EXPECT_EQ(ask({{.verb = Verb::list, .key = "li", .amount = 9}}), Outcomes{});
    EXPECT_FALSE(ask({{.verb = Verb::add, .key = "list", .value = "v"}}).at(0).found);
    EXPECT_EQ(ask({{.verb = Verb::weigh, .key = "text", .term = 9s, .good = 1}}).at(0).good, 1);
    EXPECT_EQ(ask({{.verb = Verb::get, .key = "list"}}).at(0).value, "v");
    EXPECT_EQ(ask({{.verb = Verb::add, .key = "short", .value = "v"}}).at(0).value, "v");
    EXPECT_EQ(ask({{.verb = Verb::weigh, .key = "nan", .term = 9s}}), Outcomes{Outcome{}});
    EXPECT_EQ(ask({{.verb = Verb::weigh, .key = "nan", .term = 9s, .good = 1}}).at(0).good, 1);
    EXPECT_TRUE(ask({{.verb = Verb::erase, .key = "window"}}).at(0).found);
    EXPECT_EQ(server.cli({"GET", "foreign"}), "x\n");
    EXPECT_EQ(told_, std::vector<std::string>{});
}

TEST_F(RedisBackingTest, ForgottenScriptIsToldAgainInOrder) {
    const RedisServer server;
    open(server.options());
    ASSERT_TRUE(works());
    for (int round = 0; round < 3; ++round) {
        server.cli({"SCRIPT", "FLUSH"});
        const Outcomes outcomes = ask({{.verb = Verb::put, .key = "k", .value = "a"},
                                       {.verb = Verb::get, .key = "k"},
                                       {.verb = Verb::erase, .key = "k"},
                                       {.verb = Verb::count, .key = "k", .term = 9s, .counts = {1}}});
        ASSERT_EQ(outcomes.size(), 4u);
        EXPECT_EQ(outcomes[1].value, "a");
        EXPECT_TRUE(outcomes[2].found);
        EXPECT_EQ(outcomes[3].counts, (Counts{1}));
    }
}

TEST_F(RedisBackingTest, FullServerIsToldOnce) {
    const RedisServer server({"--maxmemory", "1", "--maxmemory-policy", "noeviction"});
    open(server.options());
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(ask({{.verb = Verb::put, .key = "k", .value = "v"}}), Outcomes{});
    EXPECT_THAT(told_, ElementsAre(HasSubstr("OOM")));
    EXPECT_TRUE(works());
}

// ---- bounds ----------------------------------------------------------------------------------------------

TEST_F(RedisBackingTest, WhatIsUnderWayIsBounded) {
    const RedisServer server;
    RedisOptions options = server.options();
    options.under_way_max = 10;
    open(options);
    std::vector<std::size_t> answers;
    const auto note = [&](const auto& outcomes) { answers.push_back(outcomes ? outcomes->size() : 0); };
    backing_->perform(Operations(6, {.verb = Verb::get, .key = "k"}), note);
    backing_->perform(Operations(5, {.verb = Verb::get, .key = "k"}), note);
    EXPECT_THAT(answers, ElementsAre(0));
    backing_->perform(Operations(4, {.verb = Verb::get, .key = "k"}), note);
    backing_->perform({{.verb = Verb::get, .key = "k"}}, note);
    EXPECT_THAT(answers, ElementsAre(0, 0));
    ASSERT_TRUE(turn_until(loop_, [&] { return answers.size() == 4; }));
    EXPECT_THAT(answers, ElementsAre(0, 0, 6, 4));
    EXPECT_EQ(ask(Operations(10, {.verb = Verb::get, .key = "k"})).size(), 10u);
    EXPECT_EQ(ask({}).size(), 0u);
}

TEST_F(RedisBackingTest, ListsAtOnceAreBounded) {
    const RedisServer server;
    open(server.options());
    ask({{.verb = Verb::put, .key = "k", .value = "v"}});
    std::vector<std::size_t> answers;
    for (unsigned i = 0; i <= RedisBacking::listings_max; ++i)
        backing_->perform({{.verb = Verb::list, .key = "", .amount = 9}},
                          [&](const auto& outcomes) { answers.push_back(outcomes ? outcomes->size() : 0); });
    ASSERT_TRUE(turn_until(loop_, [&] { return answers.size() == 5; }));
    EXPECT_THAT(answers, ElementsAre(0, 1, 1, 1, 1));
    EXPECT_EQ(ask({{.verb = Verb::list, .key = "", .amount = 9}}).size(), 1u);
}

TEST_F(RedisBackingTest, CallersMayEndItAndSettleWaits) {
    const RedisServer server;
    open(server.options());
    int settled = 0;
    backing_->settle([&](std::string_view) { ++settled; });
    EXPECT_EQ(settled, 1);
    bool first = false;
    bool second = false;
    backing_->perform({{.verb = Verb::get, .key = "k"}},
                      [&](const std::optional<Outcomes>&) { first = true; });
    backing_->settle([&](std::string_view) {
        EXPECT_TRUE(first);
        ++settled;
        backing_.reset();
    });
    backing_->settle([&](std::string_view) { ++settled; });
    ASSERT_TRUE(turn_until(loop_, [&] { return settled == 2; }));
    open(server.options());
    backing_->perform({{.verb = Verb::get, .key = "k"}},
                      [&](const std::optional<Outcomes>&) { backing_.reset(); });
    backing_->perform({{.verb = Verb::get, .key = "k"}},
                      [&](const std::optional<Outcomes>&) { second = true; });
    ASSERT_TRUE(turn_until(loop_, [&] { return !backing_; }));
    loop_.turn(10ms);
    EXPECT_FALSE(second);
    EXPECT_EQ(settled, 2);
}

// ---- outages ---------------------------------------------------------------------------------------------

TEST_F(RedisBackingTest, DownIsToldOnceAndAnsweredAtOnce) {
    RedisServer server;
    server.kill();
    open(hasty(server.options()));
    EXPECT_FALSE(works());
    EXPECT_THAT(told_,
                ElementsAre("store_down 127.0.0.1:" + std::to_string(server.port) + ": Connection refused"));
    Load load(loop_, *backing_);
    load.run_for(300ms);
    EXPECT_TRUE(load.all_answered());
    EXPECT_EQ(load.done, 0u);
    EXPECT_LE(load.longest, 100ms);
    EXPECT_EQ(told_.size(), 1u);
    server.start();
    ASSERT_TRUE(wait_for_news(2));
    EXPECT_EQ(last_told(), "store_up");
    EXPECT_TRUE(works());
}

TEST_F(RedisBackingTest, KilledAndRestartedUnderLoad) {
    RedisServer server;
    open(hasty(server.options()));
    Load load(loop_, *backing_);
    for (unsigned round = 0; round < 3; ++round) {
        load.run_for(100ms);
        const unsigned done = load.done;
        EXPECT_GT(done, 0u);
        server.kill();
        ASSERT_TRUE(load.run_until([&] { return told_.size() == 2 * round + 1; }));
        load.run_for(50ms);
        server.start();
        ASSERT_TRUE(load.run_until([&] { return told_.size() == 2 * round + 2; }));
        ASSERT_TRUE(load.run_until([&] { return load.done > done + 100; }));
    }
    EXPECT_TRUE(load.all_answered());
    EXPECT_EQ(load.twice, 0u);
    EXPECT_LE(load.longest, 1s);
    EXPECT_EQ(last_told(), "store_up");
}

/// A count in flight may have been made or not: it must not be made twice.
TEST_F(RedisBackingTest, NothingIsDoneTwice) {
    RedisServer server({"--appendonly", "yes", "--appendfsync", "no"});
    open(hasty(server.options()));
    Load load(loop_, *backing_);
    for (unsigned round = 0; round < 2; ++round) {
        load.run_for(100ms);
        server.kill();
        load.run_for(100ms);
        server.start();
        ASSERT_TRUE(load.run_until([&] { return told_.size() == 2 * round + 2; }));
    }
    load.run_for(100ms);
    ASSERT_TRUE(load.all_answered());
    const Outcomes counted = ask({{.verb = Verb::count, .key = "load", .term = 1000s}});
    ASSERT_EQ(counted.size(), 1u);
    EXPECT_GE(counted[0].counts[0], load.done);
    EXPECT_LE(counted[0].counts[0], load.asked);
    EXPECT_LT(load.done, load.asked);
}

TEST_F(RedisBackingTest, PausedUnderLoad) {
    RedisServer server;
    open(hasty(server.options()));
    Load load(loop_, *backing_);
    load.run_for(100ms);
    const unsigned done = load.done;
    server.program.signal(SIGSTOP);
    ASSERT_TRUE(load.run_until([&] { return told_.size() == 1; }));
    EXPECT_THAT(last_told(), HasSubstr("in time"));
    load.run_for(100ms);
    server.program.signal(SIGCONT);
    ASSERT_TRUE(load.run_until([&] { return told_.size() == 2; }));
    EXPECT_EQ(last_told(), "store_up");
    ASSERT_TRUE(load.run_until([&] { return load.done > done + 100; }));
    EXPECT_TRUE(load.all_answered());
    EXPECT_EQ(load.twice, 0u);
    EXPECT_LE(load.longest, 1s);
}

TEST_F(RedisBackingTest, SilentServerIsFoundOutWhileNothingIsAsked) {
    RedisServer server;
    RedisOptions options = hasty(server.options());
    options.ping_interval = 50ms;
    open(options);
    ASSERT_TRUE(works());
    loop_.turn(200ms);
    server.program.signal(SIGSTOP);
    EXPECT_TRUE(wait_for_news(1));
    server.program.signal(SIGCONT);
    EXPECT_TRUE(wait_for_news(2));
    EXPECT_TRUE(works());
}

TEST_F(RedisBackingTest, ReplicaIsNotAsked) {
    RedisServer master;
    RedisServer server;
    open(hasty(server.options()));
    ASSERT_TRUE(works());
    server.cli({"REPLICAOF", "127.0.0.1", std::to_string(master.port)});
    EXPECT_EQ(ask({{.verb = Verb::put, .key = "k", .value = "v"}}), Outcomes{});
    ASSERT_TRUE(wait_for_news(1));
    EXPECT_THAT(last_told(),
                testing::AnyOf(HasSubstr("READONLY"), HasSubstr("it is a replica"), HasSubstr("UNBLOCKED")));
    server.cli({"REPLICAOF", "NO", "ONE"});
    ASSERT_TRUE(wait_for_news(2));
    EXPECT_EQ(ask({{.verb = Verb::put, .key = "k", .value = "v"}}).size(), 1u);
}

}  // namespace
}  // namespace sluice::store
