// The link to one Redis server: it connects and reconnects, and lets commands wait meanwhile, but not for
// long.
//
// Commands in flight when a connection ends are lost: they may have been done or not. The link never repeats
// a command.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "net/loop.hpp"
#include "store/redis/redis_connection.hpp"
#include "store/redis/redis_resolver.hpp"
#include "store/redis/redis_sentinels.hpp"

namespace sluice::store {

/// The arguments that all links share.
struct RedisWays {
    net::Loop& loop;
    const RedisOptions& options;
    const net::TlsClientContext* tls;  // null = plaintext
    RedisResolver& resolver;
};

class RedisLink final : private net::Timer, private RedisConnection::Owner {
  public:
    class Owner {
      public:
        /// Neither call may destroy the link.
        virtual void link_up(RedisLink& link) = 0;
        virtual void link_down(RedisLink& link) = 0;  // it was up, or its state was not known

      protected:
        ~Owner() = default;
    };

    /// Begins to connect in the next turn of the loop. With `sentinels`, the Sentinels say where, and `host`
    /// is ignored.
    RedisLink(const RedisWays& ways, RedisHost host, RedisRole role, RedisSentinels* sentinels, Owner& owner);
    ~RedisLink();

    /// Sends tickets in their order. A ticket waits where the server may soon be there; where the server is
    /// down it is lost at once.
    void send(RedisTicket ticket);
    /// Writes what send() has queued.
    void flush();
    /// The server must not be asked any more; commands in flight are lost.
    void give_up(std::string why);
    void forget_script(const RedisTicket& ticket);

    const RedisHost& host() const { return host_; }
    bool up() const { return up_; }
    /// True: the server could not be reached since it was last up.
    bool down() const { return down_; }
    bool idle() const { return waiting_.empty() && (!connection_ || connection_->in_flight().empty()); }
    /// While down: the reason, as a sentence that names the server.
    const std::string& why_down() const { return why_down_; }

  private:
    void attempt();
    void look_up();
    void connect(const RedisResolver::Addresses& addresses);
    void failed(const std::string& why);
    void hang_up();
    void greeted() override;
    void replied(RedisTicket ticket, const RedisReply& reply) override;
    void ended(std::string why) override;
    void on_timer() override;

    RedisWays ways_;
    RedisHost host_;
    RedisRole role_;
    RedisSentinels* sentinels_;
    Owner& owner_;
    std::unique_ptr<RedisConnection> connection_;
    std::deque<RedisTicket> waiting_;
    std::shared_ptr<void> attempt_;  // an attempt to connect is in progress while it lives
    std::string why_down_;
    Millis backoff_;
    Instant up_since_{};
    unsigned attempts_ = 0;
    bool up_ = false;
    bool down_ = false;
};

}  // namespace sluice::store
