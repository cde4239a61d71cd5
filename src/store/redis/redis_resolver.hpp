// The addresses of Redis servers, looked up anew before each attempt to connect: as the C library does it
// (/etc/hosts, DNS), on a thread, since that blocks.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/offload.hpp"
#include "net/socket.hpp"
#include "store/redis/redis_options.hpp"

namespace sluice::store {

class RedisResolver {
  public:
    /// Not empty, or why there is none.
    using Addresses = std::expected<std::vector<net::ServerAddress>, std::string>;
    using Found = std::move_only_function<void(Addresses)>;

    /// The thread is started when a name first needs it; with `names` at once.
    RedisResolver(net::Loop& loop, bool names);

    /// At once for an address or a path, else later; not once this is destroyed, which waits for the look-up
    /// under way.
    void find(const RedisHost& host, Found found);

  private:
    net::Loop& loop_;
    std::unique_ptr<net::Offload> thread_;
};

/// Whether `host` has to be looked up.
bool is_redis_name(const RedisHost& host);

}  // namespace sluice::store
