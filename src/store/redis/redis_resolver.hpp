// The addresses of Redis servers, looked up before each attempt to connect: with the C library's resolver
// (/etc/hosts, DNS), on a thread, because that blocks.
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
    /// At least one address, or the reason why there is none.
    using Addresses = std::expected<std::vector<net::ServerAddress>, std::string>;
    using Found = std::move_only_function<void(Addresses)>;

    /// The thread is started when a name first needs it; if `names` is true, at once.
    RedisResolver(net::Loop& loop, bool names);

    /// Calls `found` at once for an address or a path, otherwise later; never after the destructor, which
    /// waits for the look-up in progress.
    void find(const RedisHost& host, Found found);

  private:
    net::Loop& loop_;
    std::unique_ptr<net::Offload> thread_;
};

/// True: `host` is a name that has to be looked up.
bool is_redis_name(const RedisHost& host);

}  // namespace sluice::store
