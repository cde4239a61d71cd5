#include "store/redis/redis_options.hpp"

#include <gtest/gtest.h>

namespace sluice::store {
namespace {

RedisOptions parsed(std::string_view url) {
    const auto options = parse_redis_url(url);
    EXPECT_TRUE(options) << url << ": " << options.error();
    return options.value_or(RedisOptions{});
}
std::string refused(std::string_view url) {
    const auto options = parse_redis_url(url);
    EXPECT_FALSE(options) << url;
    return options ? "" : options.error();
}
using Hosts = std::vector<RedisHost>;

TEST(RedisUrl, OneServer) {
    const RedisOptions plain = parsed("redis://redis.example.org");
    EXPECT_EQ(plain.topology, RedisTopology::single);
    EXPECT_EQ(plain.hosts, (Hosts{{.name = "redis.example.org", .port = 6379}}));
    EXPECT_FALSE(plain.tls);
    EXPECT_EQ(plain.login, RedisLogin{});
    EXPECT_EQ(plain.database, 0u);
    EXPECT_EQ(parsed("redis://10.0.0.1:7000/").hosts, (Hosts{{.name = "10.0.0.1", .port = 7000}}));
    EXPECT_EQ(parsed("redis://[2001:db8::1]:7000").hosts, (Hosts{{.name = "2001:db8::1", .port = 7000}}));
    EXPECT_EQ(parsed("redis://[::1]/7").database, 7u);
    EXPECT_TRUE(parsed("rediss://h").tls);
}

TEST(RedisUrl, Login) {
    EXPECT_EQ(parsed("redis://:secret@h").login, (RedisLogin{"", "secret"}));
    EXPECT_EQ(parsed("redis://sluice:secret@h:1/2").login, (RedisLogin{"sluice", "secret"}));
    EXPECT_EQ(parsed("redis://a%40b:p%2F%3a%25@h").login, (RedisLogin{"a@b", "p/:%"}));
    EXPECT_EQ(parsed("redis://u:p@q@h").login, (RedisLogin{"u", "p@q"}));
    EXPECT_EQ(refused("redis://secret@h"), "before the @ there must be user:password or :password");
    EXPECT_EQ(refused("redis://u:@h"), "the password is empty");
    for (const std::string_view bad : {"redis://u:p%4@h", "redis://u:p%zz@h", "redis://u:%@h"})
        EXPECT_EQ(refused(bad), "in user and password, % must be followed by two hexadecimal digits");
}

TEST(RedisUrl, SeveralServers) {
    const RedisOptions sentinels = parsed("redis+sentinel://:pw@s1,s2:26380,[::1]:26381/mymaster/3");
    EXPECT_EQ(sentinels.topology, RedisTopology::sentinel);
    EXPECT_EQ(sentinels.hosts, (Hosts{{.name = "s1", .port = 26379},
                                      {.name = "s2", .port = 26380},
                                      {.name = "::1", .port = 26381}}));
    EXPECT_EQ(sentinels.master_name, "mymaster");
    EXPECT_EQ(sentinels.database, 3u);
    EXPECT_EQ(sentinels.login.password, "pw");
    const RedisOptions cluster = parsed("rediss+cluster://a:1,b");
    EXPECT_EQ(cluster.topology, RedisTopology::cluster);
    EXPECT_EQ(cluster.hosts, (Hosts{{.name = "a", .port = 1}, {.name = "b", .port = 6379}}));
    EXPECT_TRUE(cluster.tls);
    EXPECT_TRUE(parsed("rediss+sentinel://s/m").tls);
}

TEST(RedisUrl, Unix) {
    const RedisOptions options = parsed("unix:/run/redis/redis.sock");
    EXPECT_EQ(options.hosts, (Hosts{{.name = "", .port = 0, .path = "/run/redis/redis.sock"}}));
    EXPECT_EQ(options.hosts.front().to_string(), "unix:/run/redis/redis.sock");
    EXPECT_EQ(refused("unix:relative"), "\"unix:relative\" is not unix:/path");
    EXPECT_NE(refused("unix:/" + std::string(107, 'p')), "");
    EXPECT_EQ(parsed("unix:/" + std::string(106, 'p')).hosts.front().path.size(), 107u);
}

TEST(RedisUrl, WhatIsWrongIsSaid) {
    EXPECT_NE(refused("").find("it must begin with redis://"), std::string::npos);
    EXPECT_NE(refused("http://h").find("it must begin with redis://"), std::string::npos);
    EXPECT_EQ(refused("redis://"), "\"\" is not a host and a port");
    EXPECT_EQ(refused("redis://a b"), "\"a b\" is not a host and a port");
    EXPECT_EQ(refused("redis://::1"), "\"::1\" is not a host and a port");
    EXPECT_EQ(refused("redis://[::1"), "\"[::1\" is not an IPv6 address in brackets");
    EXPECT_EQ(refused("redis://[10.0.0.1]"), "\"[10.0.0.1]\" is not an IPv6 address in brackets");
    EXPECT_EQ(refused("redis://[::1]7"), "\"[::1]7\" is not a host and a port");
    for (const std::string_view port : {"", "0", "65536", "x", "1x", "-1"}) {
        const std::string host = "h:" + std::string(port);
        EXPECT_EQ(refused("redis://" + host), "the port of \"" + host + "\" is not 1 to 65535");
    }
    EXPECT_EQ(refused("redis://a,b"), "several hosts need redis+sentinel:// or redis+cluster://");
    EXPECT_EQ(refused("redis+cluster://a,,b"), "\"\" is not a host and a port");
    EXPECT_EQ(refused("redis://h/x"), "after the host there may only be the number of a database");
    EXPECT_EQ(refused("redis+cluster://h/1"), "a cluster has no databases");
    EXPECT_EQ(refused("redis+sentinel://h"), "after the Sentinels there must be /name-of-the-master");
    std::string many = "redis+cluster://h";
    for (int host = 1; host < 64; ++host)  // hosts_max
        many += ",h";
    EXPECT_EQ(parsed(many).hosts.size(), 64u);
    EXPECT_EQ(refused(many + ",h"), "there are more than 64 hosts");
}

TEST(RedisUrl, PasswordIsNotRepeated) {
    for (const std::string_view url :
         {"redis://u:hush%zz@h", "redis://u:hush@h:0", "redis://hush@h", "redis://u:hush@"})
        EXPECT_EQ(refused(url).find("hush"), std::string::npos) << url;
}

}  // namespace
}  // namespace sluice::store
