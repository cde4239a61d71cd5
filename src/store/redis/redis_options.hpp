// The address of the Redis that holds the memory of several machines, and limits in time and size. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "net/tls_client.hpp"

namespace sluice::store {

struct RedisHost {
    std::string name;  // or an address, IPv6 without brackets
    std::uint16_t port = 6379;
    std::string path = {};  // a Unix-domain socket; empty = TCP

    /// For the log: "redis.example.org:6379", "[2001:db8::1]:6379", "unix:/run/redis.sock".
    std::string to_string() const;
    bool operator==(const RedisHost&) const = default;
};

/// AUTH: both empty = none; a password alone is that of `requirepass`. A user of an ACL needs the keys that
/// begin with the prefix, and +eval +evalsha +get +set +del +time +pttl +scan +ping; in a cluster also
/// +cluster|myid +cluster|slots and +asking; +role, so that a replica is not taken for a master.
struct RedisLogin {
    std::string user = {};
    std::string password = {};
    bool operator==(const RedisLogin&) const = default;
};

enum class RedisTopology : std::uint8_t {
    single,    // hosts[0]
    sentinel,  // `hosts` are Sentinels, which know where the master `master_name` is
    cluster,   // `hosts` are some of the nodes, which know the others
};

struct RedisOptions {
    RedisTopology topology = RedisTopology::single;
    std::vector<RedisHost> hosts = {};
    std::string master_name = {};
    unsigned database = 0;  // not with cluster
    RedisLogin login = {};
    RedisLogin sentinel_login = {};  // for the Sentinels themselves; not in the URL

    bool tls = false;
    /// The TLS options of all servers. An empty `server_name` becomes the first host of the URL: where
    /// several hosts have certificates with different names, the operator must give a name that all have in
    /// common.
    net::TlsClientOptions tls_options{.trust = net::TlsTrust::name};

    std::string key_prefix = "sluice:";  // prepended to each key
    /// The time to find the server, connect, and be greeted; commands wait for at most that long meanwhile.
    Millis connect_timeout{1000};
    /// The time from a command to its reply. A server that takes longer is given up, with all commands sent
    /// to it.
    Millis command_timeout{1000};
    /// The time for a list, which goes through the keys of all servers.
    Millis list_timeout{5000};
    /// The pauses between attempts to connect: they double from the first value to the second.
    Millis backoff_min{100};
    Millis backoff_max{5000};
    /// The interval at which an idle connection is tested with a PING.
    Millis ping_interval{10'000};
    /// The bound on operations in flight; beyond it an operation fails at once.
    std::size_t under_way_max = 10'000;
    /// The bound on the octets of one reply: a larger one is not what was asked for.
    std::size_t reply_octets_max = std::size_t{1} << 20;
};

/// Reads one of
///
///     redis://[[user]:password@]host[:port][/database]
///     redis+sentinel://[[user]:password@]host[:port],host[:port]/master-name[/database]
///     redis+cluster://[[user]:password@]host[:port],host[:port]
///     rediss://, rediss+sentinel://, rediss+cluster://    the same with TLS
///     unix:/path
///
/// User and password may have any octet as %XX. The default port of Sentinels is 26379. The error is a
/// sentence that does not repeat the password.
std::expected<RedisOptions, std::string> parse_redis_url(std::string_view url);

}  // namespace sluice::store
