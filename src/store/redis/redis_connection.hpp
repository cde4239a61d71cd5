// One connection to a Redis server or Sentinel: a socket, TLS, the greeting, and commands whose replies come
// in order. The class is thin, and a connection is used once: redis_link.hpp connects again.
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
        /// Never called from within a call of the owner's, nor from replied(). The owner must close and
        /// retire the connection.
        virtual void ended(std::string why) = 0;

      protected:
        ~Owner() = default;
    };

    /// A null `tls` means plaintext. All arguments must outlive the connection.
    RedisConnection(net::Loop& loop, const RedisOptions& options, RedisRole role,
                    const net::TlsClientContext* tls, Owner& owner);

    /// Starts connecting; the caller sets the time limit until the greeting is over.
    std::expected<void, std::string> open(const net::ServerAddress& server);
    /// Queues a command; allowed once greeted. Nothing is written before flush().
    void send(RedisTicket ticket);
    void flush();
    /// The server did not know the script when `ticket` came: unless its text has been sent since, it is sent
    /// again.
    void forget_script(const RedisTicket& ticket) {
        if (ticket.texts_before == texts_sent_) script_known_ = false;
    }
    /// Stops reading; the connection ends soon.
    void fail(std::string why);
    /// Closes at once, without telling the owner.
    void close();

    /// The commands that are not answered yet, oldest first.
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
    std::string failure_;  // not empty = the connection has ended
    bool connecting_ = false;
    bool shaking_hands_ = false;
    bool greeted_ = false;
    bool script_known_ = false;
    unsigned texts_sent_ = 0;
};

}  // namespace sluice::store
