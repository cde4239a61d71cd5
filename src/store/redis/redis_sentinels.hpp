// Asks Sentinels, one after the other, where the master is.
//
// This is done before each attempt to connect. Sentinels that have made another server the master close the
// clients' connections to the old one, so a lost connection is the news, and no subscription is needed.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "net/loop.hpp"
#include "store/redis/redis_connection.hpp"
#include "store/redis/redis_resolver.hpp"

namespace sluice::store {

class RedisSentinels final : private net::Timer, private RedisConnection::Owner {
  public:
    using Found = std::move_only_function<void(std::expected<RedisHost, std::string>)>;

    RedisSentinels(net::Loop& loop, const RedisOptions& options, const net::TlsClientContext* tls,
                   RedisResolver& resolver);
    ~RedisSentinels();

    /// One question at a time; the Sentinel that answered last is asked first.
    void locate(Found found);
    void cancel();

    /// The time limit for one Sentinel; then the next is asked.
    Millis answer_time_max() const { return options_.connect_timeout / 2; }

  private:
    void ask();
    void ask_next(const std::string& why);
    void hang_up();
    void greeted() override;
    void replied(RedisTicket ticket, const RedisReply& reply) override;
    void ended(std::string why) override { ask_next(why); }
    void on_timer() override { ask_next("it did not answer in time"); }

    net::Loop& loop_;
    const RedisOptions& options_;
    const net::TlsClientContext* tls_;
    RedisResolver& resolver_;
    Found found_;
    std::unique_ptr<RedisConnection> connection_;
    std::size_t asked_ = 0;           // index of the Sentinel that is asked
    std::size_t left_ = 0;            // how many more may be asked
    std::shared_ptr<void> question_;  // the address of a Sentinel is being looked up while it lives
};

}  // namespace sluice::store
