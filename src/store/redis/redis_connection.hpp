// One connection to a Redis server or Sentinel: a socket, TLS, the greeting, and commands whose replies come
// in their order. Thin, and used once: who connects again is redis_link.hpp.
#pragma once

#include <deque>
#include <expected>
#include <string>
#include <string_view>

#include "net/fd.hpp"
#include "net/loop.hpp"
#include "net/socket.hpp"
#include "net/tls.hpp"
#include "store/redis/redis_greeting.hpp"
#include "store/redis/redis_options.hpp"
#include "store/redis/redis_reply.hpp"
#include "store/redis/redis_task.hpp"

namespace sluice::store {

class RedisConnection final : public net::IoHandler, private net::Timer {
  public:
    class Owner {
      public:
        virtual void greeted() = 0;
        virtual void replied(RedisTicket ticket, const RedisReply& reply) = 0;
        /// Never from within a call of ours, nor from replied(). It is to be closed and retired.
        virtual void ended(std::string why) = 0;

      protected:
        ~Owner() = default;
    };

    /// `tls` null = plaintext. All of it must outlive this.
    RedisConnection(net::Loop& loop, const RedisOptions& options, RedisRole role,
                    const net::TlsClientContext* tls, Owner& owner);

    /// Starts connecting; has no time limit of its own until it is greeted.
    std::expected<void, std::string> open(const net::ServerAddress& server);
    /// Once greeted. Nothing is written before flush().
    void send(RedisTicket ticket);
    void flush();
    /// The server did not know the script when `ticket` came: unless it has been told since, it is told
    /// again.
    void forget_script(const RedisTicket& ticket) {
        if (ticket.texts_before == texts_sent_) script_known_ = false;
    }
    /// Reads no more, and ends soon.
    void fail(std::string why);
    /// At once, without a word to the owner.
    void close();

    /// What has not been answered, oldest first.
    std::deque<RedisTicket>& in_flight() { return in_flight_; }

  private:
    void on_io(std::uint32_t events) override;
    void on_timer() override;
    bool connected();
    void shake_hands();
    void greet();
    void read_replies();
    bool take_replies(std::string_view octets);
    void take_reply();
    void expect(RedisTicket ticket);
    std::ptrdiff_t read_some(char* octets, std::size_t count);
    std::ptrdiff_t write_some(const char* octets, std::size_t count);

    net::Loop& loop_;
    const RedisOptions& options_;
    const net::TlsClientContext* tls_context_;
    Owner& owner_;
    RedisGreeting greeting_;
    RedisReader reader_;
    net::Fd fd_;
    net::TlsStream tls_;
    std::string output_;
    std::deque<RedisTicket> in_flight_;
    std::string failure_;  // not empty = it is over
    bool connecting_ = false;
    bool shaking_hands_ = false;
    bool greeted_ = false;
    bool script_known_ = false;
    unsigned texts_sent_ = 0;
};

}  // namespace sluice::store
