// The servers that make up the memory, and which of them a key is with: one, the master that Sentinels know,
// or the masters of a cluster.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/loop.hpp"
#include "net/tls_client.hpp"
#include "store/redis/redis_link.hpp"
#include "store/redis/redis_slots.hpp"

namespace sluice::store {

/// "store_down", "store_up", "store_refused", and why.
using RedisTold = std::function<void(std::string_view, std::string_view)>;

class RedisServers final : private RedisLink::Owner, private net::Timer {
  public:
    static constexpr std::size_t links_max = 1024;

    /// Throws std::runtime_error when the authorities' file cannot be read.
    RedisServers(net::Loop& loop, const RedisOptions& options, const RedisTold& told);
    ~RedisServers();

    /// Where `key` (with its prefix) is, as far as is known: in a cluster, somebody else may know better.
    RedisLink& with(std::string_view key);
    /// The server that `asked` has named. Null when there are too many.
    RedisLink* at(const RedisHost& host, const RedisLink& asked);
    RedisLink* find(const RedisHost& host);
    /// The keys of a slot have moved there.
    void moved(std::uint16_t slot, RedisLink& link);
    /// Who has which keys is to be asked, soon.
    void relearn();
    /// All who have keys; empty while that is not known.
    std::vector<RedisHost> masters() const;

    /// Writes what was sent to any of them. The only call that forgets servers.
    void flush();

  private:
    class SlotsQuestion;

    RedisLink& add(const RedisHost& host, RedisRole role);
    bool clustered() const { return options_.topology == RedisTopology::cluster; }
    void ask_slots();
    void learn(const RedisReply& reply, const RedisHost& asked);
    void link_up(RedisLink& link) override;
    void link_down(RedisLink& link) override;
    void on_timer() override { ask_slots(); }
    void tell();
    const RedisLink* missing() const;
    bool has_slots(const RedisLink& link) const;

    net::Loop& loop_;
    const RedisOptions& options_;
    const RedisTold& told_;
    std::unique_ptr<const net::TlsClientContext> tls_;
    RedisResolver resolver_;
    std::unique_ptr<RedisSentinels> sentinels_;
    std::vector<std::unique_ptr<RedisLink>> links_;  // in a cluster, the first are the seeds
    std::vector<RedisLink*> slots_;                  // in a cluster; null = not known
    std::vector<RedisLink*> masters_;                // those in slots_
    std::size_t slots_asked_ = 0;                    // so that it is not always the same one
    bool outdated_ = false;                          // there may be links that nobody needs
    bool told_down_ = false;
};

}  // namespace sluice::store
