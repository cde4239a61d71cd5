// Where the Redis is that keeps the memory of several machines, and what it is given in time and room. Pure.
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

    /// "redis.example.org:6379", "[2001:db8::1]:6379", "unix:/run/redis.sock"; for the log.
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
    sentinel,  // `hosts` are Sentinels, who know where the master `master_name` is
    cluster,   // `hosts` are some of the nodes, who know the others
};

struct RedisOptions {
    RedisTopology topology = RedisTopology::single;
    std::vector<RedisHost> hosts = {};
    std::string master_name = {};
    unsigned database = 0;  // not with cluster
    RedisLogin login = {};
    RedisLogin sentinel_login = {};  // of the Sentinels themselves; not in the URL

    bool tls = false;
    /// One for all servers. An empty `server_name` is the first host of the URL: where several hosts have
    /// certificates with different names, a name that all have in common is to be given.
    net::TlsClientOptions tls_options{.trust = net::TlsTrust::name};

    std::string key_prefix = "sluice:";  // before each key
    /// To find the server, connect, and be greeted; what is asked meanwhile waits for that long at most.
    Millis connect_timeout{1000};
    /// From a command to its reply. A server that takes longer is given up, with all that was asked of it.
    Millis command_timeout{1000};
    /// A list goes through the keys of all servers.
    Millis list_timeout{5000};
    /// Between attempts to connect: doubled each time from one to the other.
    Millis backoff_min{100};
    Millis backoff_max{5000};
    /// A connection with nothing to do is tried that often.
    Millis ping_interval{10'000};
    /// Operations under way; more are answered with nothing at once.
    std::size_t under_way_max = 10'000;
    /// Of one reply: more is not what was asked for.
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
/// User and password may have any octet as %XX. Sentinels listen on 26379 where no port is said. The error
/// is a sentence that does not repeat the password.
std::expected<RedisOptions, std::string> parse_redis_url(std::string_view url);

}  // namespace sluice::store
