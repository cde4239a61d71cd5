// Several real Redis servers: a cluster, and a master that a Sentinel watches.

#include "store/testing/redis_cluster.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::store {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

RedisOptions hasty(RedisOptions options) {
    options.connect_timeout = 300ms;
    options.command_timeout = 400ms;
    options.backoff_min = 20ms;
    options.backoff_max = 100ms;
    return options;
}

class SeveralServers : public testing::Test {
  protected:
    void open(RedisOptions options) {
        backing_ = std::make_unique<RedisBacking>(loop_, std::move(options), [this](auto what, auto why) {
            told_.push_back(std::string(what) + (why.empty() ? "" : " ") + std::string(why));
        });
    }
    Outcomes ask(Operations batch) { return store::ask(loop_, *backing_, std::move(batch)); }
    std::string last_told() const { return told_.empty() ? "" : told_.back(); }

    /// Makes so many operations that every master gets some.
    Operations everywhere(const Operation& operation) const {
        Operations batch(operations_max, operation);
        for (std::size_t i = 0; i < batch.size(); ++i)
            batch[i].key += std::to_string(i);
        return batch;
    }
    bool works_everywhere() {
        return ask(everywhere({.verb = Verb::get, .key = "works"})).size() == operations_max;
    }
    template <class Condition>
    bool eventually(Condition condition) {
        // An election may have to be repeated where the machine is busy.
        for (const Instant end = loop_.now() + 40s; loop_.now() < end; loop_.turn(25ms))
            if (condition()) return true;
        return false;
    }

    net::Loop loop_;
    std::vector<std::string> told_;
    std::unique_ptr<RedisBacking> backing_;
};

TEST_F(SeveralServers, ClusterMovesKeysAndReplacesItsDead) {
    RedisCluster cluster;
    open(hasty(cluster.options()));
    // Sends all at once, while the slots are not known yet.
    EXPECT_EQ(ask(everywhere({.verb = Verb::put, .key = "k", .value = "v"})).size(), operations_max);
    EXPECT_EQ(ask({{.verb = Verb::list, .key = "k", .amount = listed_max}}).size(), std::size_t{listed_max});
    for (std::size_t i = 0; i < RedisCluster::masters; ++i)
        EXPECT_FALSE(RedisCluster::says(*cluster.servers[i], {"DBSIZE"}, "\n0"));

    // A slot moves from one server to the other: keys that are gone are asked of the other (ASK), and in the
    // end all of them (MOVED).
    std::string key = "moving";
    while (redis_slot("sluice:" + key) > 5000)  // a slot of the first master, as redis-cli distributes them
        key += 'x';
    const std::string slot = std::to_string(redis_slot("sluice:" + key));
    const std::string from = RedisCluster::id(cluster.first());
    const std::string to = RedisCluster::id(cluster.second());
    EXPECT_EQ(cluster.second().cli({"CLUSTER", "SETSLOT", slot, "IMPORTING", from}), "OK\n");
    EXPECT_EQ(cluster.first().cli({"CLUSTER", "SETSLOT", slot, "MIGRATING", to}), "OK\n");
    const Operation tally{.verb = Verb::count, .key = key, .term = 1000s, .counts = {1}};
    const Outcomes asked = ask({tally, tally, tally});
    ASSERT_EQ(asked.size(), 3u);
    EXPECT_EQ(asked[2].counts, (Counts{3}));
    EXPECT_EQ(cluster.second().cli({"CLUSTER", "COUNTKEYSINSLOT", slot}), "1\n");
    cluster.second().cli({"CLUSTER", "SETSLOT", slot, "NODE", to});
    cluster.first().cli({"CLUSTER", "SETSLOT", slot, "NODE", to});
    const Outcomes moved = ask({tally, tally});
    ASSERT_EQ(moved.size(), 2u);
    EXPECT_EQ(moved[1].counts, (Counts{5}));
    EXPECT_TRUE(told_.empty()) << last_told();

    // A master dies. The others continue; then its replica takes its place.
    const std::string dead = cluster.first().host().to_string();
    const std::string survivor_key = key;  // moved to the second
    cluster.first().kill();
    ASSERT_TRUE(eventually([&] { return !told_.empty(); }));
    EXPECT_THAT(told_.front(), HasSubstr("store_down " + dead));
    EXPECT_EQ(ask({{.verb = Verb::count, .key = survivor_key, .term = 1000s}}).size(), 1u);
    ASSERT_TRUE(eventually([&] { return works_everywhere(); }));
    EXPECT_EQ(last_told(), "store_up");
    EXPECT_EQ(told_.size(), 2u);
    EXPECT_EQ(ask({{.verb = Verb::list, .key = "k", .amount = listed_max}}).size(), std::size_t{listed_max});

    // A client that starts now, with a dead seed, finds the rest.
    open(hasty(cluster.options()));
    EXPECT_TRUE(eventually([&] { return works_everywhere(); }));
}

TEST_F(SeveralServers, ClusterIsNotTakenForAServerNorAServerForACluster) {
    const RedisServer server;
    RedisOptions options = hasty(server.options());
    options.topology = RedisTopology::cluster;
    open(options);
    EXPECT_EQ(ask({{.verb = Verb::get, .key = "k"}}), Outcomes{});
    EXPECT_THAT(last_told(), HasSubstr("cluster support disabled"));

    const RedisServer node({"--cluster-enabled", "yes", "--cluster-port", std::to_string(net::test_port())});
    node.cli({"CLUSTER", "ADDSLOTSRANGE", "0", "8000"});
    open(hasty(node.options()));
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(ask(everywhere({.verb = Verb::get, .key = "k"})), Outcomes{});
    EXPECT_EQ(told_.size(), 2u);
    EXPECT_THAT(last_told(), HasSubstr("CLUSTERDOWN"));
}

TEST_F(SeveralServers, SentinelsSayWhoIsMaster) {
    RedisServer first({"--repl-diskless-sync-delay", "0"});
    RedisServer second({"--replicaof", "127.0.0.1 " + std::to_string(first.port)});
    wait_until([&] { return RedisCluster::says(second, {"INFO", "replication"}, "master_link_status:up"); },
               "the replica");
    const TestDirectory directory;
    const std::string configuration = directory.path / "sentinel.conf";
    const std::uint16_t port = net::test_port();
    std::ofstream(configuration) << "port " << port << "\nbind 127.0.0.1\ndir " << directory.path.string()
                                 << "\nsentinel monitor main 127.0.0.1 " << first.port << " 1\n"
                                 << "sentinel down-after-milliseconds main 300\n"
                                 << "sentinel failover-timeout main 2000\n";
    const Program sentinel("redis-sentinel", {configuration}, directory.path / "log");
    wait_until([&] { return is_listening(port); }, "redis-sentinel");

    // One of the Sentinels does not exist.
    RedisOptions options =
        hasty(*parse_redis_url("redis+sentinel://127.0.0.1:" + std::to_string(net::test_port()) +
                               ",127.0.0.1:" + std::to_string(port) + "/main"));
    open(options);
    EXPECT_EQ(ask({{.verb = Verb::put, .key = "k", .value = "v"}}).size(), 1u);
    EXPECT_EQ(first.cli({"EXISTS", "sluice:k"}), "1\n");
    EXPECT_EQ(ask({{.verb = Verb::list, .key = "", .amount = 9}}).size(), 1u);
    wait_until([&] { return second.cli({"EXISTS", "sluice:k"}) == "1\n"; }, "the replica");

    first.kill();
    ASSERT_TRUE(eventually([&] { return !told_.empty(); }));
    EXPECT_THAT(told_.front(), HasSubstr("store_down 127.0.0.1:" + std::to_string(first.port)));
    ASSERT_TRUE(eventually([&] { return told_.size() > 1; }));
    EXPECT_EQ(last_told(), "store_up");
    EXPECT_EQ(ask({{.verb = Verb::get, .key = "k"}}).at(0).value, "v");
    EXPECT_EQ(ask({{.verb = Verb::put, .key = "k", .value = "w"}}).size(), 1u);
    EXPECT_NE(second.cli({"GET", "sluice:k"}).find('w'), std::string::npos);
    EXPECT_EQ(told_.size(), 2u);

    options.master_name = "unheard-of";
    open(options);
    EXPECT_EQ(ask({{.verb = Verb::get, .key = "k"}}), Outcomes{});
    EXPECT_THAT(last_told(), HasSubstr("store_down unheard-of: no Sentinel says where it is"));
}

}  // namespace
}  // namespace sluice::store
