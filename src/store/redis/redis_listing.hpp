// Finds the keys that a list shows, by walking through all keys of each server in steps. Pure.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "store/operation.hpp"
#include "store/redis/redis_reply.hpp"

namespace sluice::store {

class RedisWalk {
  public:
    /// `list` is the operation; `prefix` is the beginning of all our keys.
    RedisWalk(const Operation& list, std::string_view prefix);

    /// The command for the next step.
    void append(std::string& out) const;
    /// Takes the reply to that command; false when it is malformed.
    bool take(const RedisReply& reply);
    bool server_done() const { return server_done_; }
    void next_server();

    std::size_t amount() const { return amount_; }
    /// A `list` operation for each of the first keys (append_redis_operation()): some more than wanted,
    /// because a few may expire meanwhile.
    Operations looks() const;

  private:
    std::string prefix_;     // of all our keys
    std::string beginning_;  // of the keys that are wanted; without the prefix
    std::string after_;
    std::size_t amount_;
    std::string cursor_ = "0";
    bool server_done_ = false;
    std::set<std::string, std::less<>> first_;  // the first of those seen, without the prefix
};

}  // namespace sluice::store
