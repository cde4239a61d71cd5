// Something that is asked of Redis in one command or several, and hears what became of each.
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

/// One command of a task on its way. The task lives as long as one of its tickets, or whoever else has it.
struct RedisTicket {
    std::shared_ptr<RedisTask> task;  // null: whatever is answered does not matter
    std::uint32_t part = 0;           // which command of the task
    std::uint8_t redirects = 0;
    bool asking = false;        // ASKING goes before it, this time
    unsigned texts_before = 0;  // how often the connection had told the script's text when this was sent
    Instant sent{};
};

class RedisTask {
  public:
    virtual ~RedisTask() = default;

    /// Appends the command `part`. True when it was the script's.
    virtual bool append(std::uint32_t part, ScriptBy by, std::string& out) const = 0;
    /// `reply` is good during the call, and may be an error. May send more, or this ticket elsewhere.
    virtual void replied(RedisTicket ticket, const RedisReply& reply, RedisLink& from) = 0;
    /// Nobody knows whether it was done. May be called from within RedisLink::send.
    virtual void lost(const RedisTicket& ticket) = 0;
};

}  // namespace sluice::store
