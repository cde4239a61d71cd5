// The servers that make up the memory, and which of them holds a key: a single server, the master that
// Sentinels report, or the masters of a cluster.
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

/// Gets "store_down", "store_up" or "store_refused", and the reason.
using RedisTold = std::function<void(std::string_view, std::string_view)>;

class RedisServers final : private RedisLink::Owner, private net::Timer {
  public:
    static constexpr std::size_t links_max = 1024;

    /// Throws std::runtime_error when the CA file cannot be read.
    RedisServers(net::Loop& loop, const RedisOptions& options, const RedisTold& told);
    ~RedisServers();

    /// The server that holds `key` (with its prefix), as far as is known: in a cluster, a server may
    /// redirect.
    RedisLink& with(std::string_view key);
    /// The server that `asked` has named. Null when there are too many servers.
    RedisLink* at(const RedisHost& host, const RedisLink& asked);
    RedisLink* find(const RedisHost& host);
    /// The keys of `slot` have moved to `link`.
    void moved(std::uint16_t slot, RedisLink& link);
    /// The slots are to be learned anew soon.
    void relearn();
    /// All servers that hold keys; empty while they are not known.
    std::vector<RedisHost> masters() const;

    /// Writes what was queued for any server. Only this call removes servers that are not needed.
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
    std::vector<RedisLink*> masters_;                // the distinct ones in slots_
    std::size_t slots_asked_ = 0;                    // counts the questions, so that the servers take turns
    bool outdated_ = false;                          // there may be links that are not needed
    bool told_down_ = false;
};

}  // namespace sluice::store
