// A task for Redis: one command or several, each of which is told its result.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/time.hpp"
#include "store/redis/redis_command.hpp"
#include "store/redis/redis_reply.hpp"

namespace sluice::store {

class RedisLink;
class RedisTask;

/// One command of a task on its way. The task lives as long as one of its tickets, or another owner.
struct RedisTicket {
    std::shared_ptr<RedisTask> task;  // null: the reply is ignored
    std::uint32_t part = 0;           // which command of the task
    std::uint8_t redirects = 0;
    bool asking = false;        // ASKING precedes it, this time
    unsigned texts_before = 0;  // how often the connection had sent the script's text before this
    Instant sent{};
};

class RedisTask {
  public:
    virtual ~RedisTask() = default;

    /// Appends the command `part`. True when it runs the script.
    virtual bool append(std::uint32_t part, ScriptBy by, std::string& out) const = 0;
    /// `reply` is valid during the call, and may be an error. The task may send more, or this ticket
    /// elsewhere.
    virtual void replied(RedisTicket ticket, const RedisReply& reply, RedisLink& from) = 0;
    /// It is not known whether the command was done. May be called from within RedisLink::send.
    virtual void lost(const RedisTicket& ticket) = 0;
};

}  // namespace sluice::store
