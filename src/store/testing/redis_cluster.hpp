// A real Redis cluster for tests: three masters, and a replica of the first.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "store/testing/redis_server.hpp"

namespace sluice::store {

class RedisCluster {
  public:
    static constexpr std::size_t masters = 3;

    RedisCluster() {
        Words create{"--cluster", "create"};
        for (auto& server : servers) {
            server = std::make_unique<RedisServer>(
                Words{"--cluster-enabled", "yes", "--cluster-port", std::to_string(net::test_port()),
                      "--cluster-node-timeout", "500", "--cluster-require-full-coverage", "no",
                      "--repl-diskless-sync-delay", "0"});
            if (server != servers.back()) create.push_back(server->host().to_string());
        }
        create.emplace_back("--cluster-yes");
        first().cli(create);
        RedisServer& replica = *servers.back();
        replica.cli({"CLUSTER", "MEET", "127.0.0.1", std::to_string(first().port), bus_port(first())});
        wait_until([&] { return replica.cli({"CLUSTER", "REPLICATE", id(first())}).starts_with("OK"); },
                   "CLUSTER REPLICATE");
        for (const auto& server : servers)
            wait_until([&] { return says(*server, {"CLUSTER", "INFO"}, "cluster_state:ok"); },
                       "cluster_state:ok");
        wait_until([&] { return says(replica, {"INFO", "replication"}, "master_link_status:up"); },
                   "the replica");
        wait_until([&] { return says(first(), {"CLUSTER", "NODES"}, " slave "); }, "the replica's role");
    }

    RedisServer& first() { return *servers.front(); }
    RedisServer& second() { return *servers[1]; }
    static std::string id(const RedisServer& server) {
        std::string text = server.cli({"CLUSTER", "MYID"});
        text.resize(text.find_last_not_of("\r\n") + 1);
        return text;
    }
    static bool says(const RedisServer& server, const Words& command, std::string_view what) {
        return server.cli(command).find(what) != std::string::npos;
    }
    RedisOptions options() {
        return {.topology = RedisTopology::cluster, .hosts = {first().host(), second().host()}};
    }

    std::array<std::unique_ptr<RedisServer>, masters + 1> servers;

  private:
    static std::string bus_port(const RedisServer& server) {
        // The output has lines such as "id 127.0.0.1:port@bus myself,…".
        const std::string nodes = server.cli({"CLUSTER", "NODES"});
        const std::string mine = ":" + std::to_string(server.port) + "@";
        const std::size_t at = nodes.find(mine) + mine.size();
        return nodes.substr(at, nodes.find_first_of(" ,", at) - at);
    }
};

/// One cluster for all tests, emptied for each: starting one takes seconds.
class RedisClusterHarness final : public BackingHarness {
  public:
    RedisClusterHarness() {
        for (std::size_t i = 0; i < RedisCluster::masters; ++i)
            cluster().servers[i]->cli({"FLUSHALL"});
    }
    std::unique_ptr<Backing> open(net::Loop& loop) override {
        return std::make_unique<RedisBacking>(loop, cluster().options(),
                                              [](std::string_view, std::string_view) {});
    }

  private:
    static RedisCluster& cluster() {
        static RedisCluster one;
        return one;
    }
};

inline std::unique_ptr<BackingHarness> make_redis_cluster_harness() {
    return std::make_unique<RedisClusterHarness>();
}

}  // namespace sluice::store
