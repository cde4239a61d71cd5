// The first commands on a connection to Redis, and whether the server is one to use. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/redis/redis_options.hpp"
#include "store/redis/redis_reply.hpp"

namespace sluice::store {

/// The role that the server is expected to have.
enum class RedisRole : std::uint8_t { master, node, sentinel };

class RedisGreeting {
  public:
    RedisGreeting(const RedisOptions& options, RedisRole role);

    /// Appends AUTH, SELECT and PING as far as they are needed; for a master also ROLE, for a node the
    /// question whether it is one.
    void append(std::string& out);
    /// Takes the next reply. A sentence on why this server cannot be used; nothing: go on, or done().
    std::optional<std::string> check(const RedisReply& reply);
    bool done() const { return answered_ == steps_.size(); }

  private:
    enum class Step : std::uint8_t { auth, select, ping, role, cluster };

    const RedisLogin& login_;
    unsigned database_;
    std::vector<Step> steps_;
    std::size_t answered_ = 0;
};

}  // namespace sluice::store
