// One Redis server as we stay in touch with it: connects, again and again where it must, and meanwhile lets
// what is asked wait, but not for long.
//
// What was under way when a connection ends is lost: it may have been done, or not. Nothing is asked again by
// this.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "net/loop.hpp"
#include "store/redis/redis_connection.hpp"
#include "store/redis/redis_resolver.hpp"
#include "store/redis/redis_sentinels.hpp"

namespace sluice::store {

/// What all links have in common.
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
        /// Neither is to destroy the link.
        virtual void link_up(RedisLink& link) = 0;
        virtual void link_down(RedisLink& link) = 0;  // it was up, or nobody knew

      protected:
        ~Owner() = default;
    };

    /// Begins to connect in the next turn of the loop. With `sentinels` these say where, and `host` does not
    /// matter.
    RedisLink(const RedisWays& ways, RedisHost host, RedisRole role, RedisSentinels* sentinels, Owner& owner);
    ~RedisLink();

    /// In their order. Waits where the server may soon be there; is lost at once where it is down.
    void send(RedisTicket ticket);
    /// Writes what was sent.
    void flush();
    /// The server is not one to ask; what is under way is lost.
    void give_up(std::string why);
    void forget_script(const RedisTicket& ticket);

    const RedisHost& host() const { return host_; }
    bool up() const { return up_; }
    /// Could not be reached since it was last up.
    bool down() const { return down_; }
    bool idle() const { return waiting_.empty() && (!connection_ || connection_->in_flight().empty()); }
    /// While down: a sentence that names the server.
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
    std::shared_ptr<void> attempt_;  // an attempt is being made while it lives
    std::string why_down_;
    Millis backoff_;
    Instant up_since_{};
    unsigned attempts_ = 0;
    bool up_ = false;
    bool down_ = false;
};

}  // namespace sluice::store
