// Records kept in Redis (5 or later, or Valkey), by which several machines share one memory: a single server,
// one that Sentinels watch, or a cluster.
//
// Each operation is one run of a script on one key (redis_command.hpp); all operations of one turn of the
// loop are written together, and replies are matched in their order. Nothing that may have been done is
// repeated: where a connection ends or a reply does not come in time, the outcome is unknown, and empty.
//
// A list goes through all keys of all servers (SCAN): it is meant for an operator, not for each session.
// Rejected: an index of keys beside them, which would be written with every new record, be a hot spot of a
// cluster, and outlive what it lists.
#pragma once

#include <memory>
#include <vector>

#include "net/loop.hpp"
#include "store/backing.hpp"
#include "store/redis/redis_options.hpp"
#include "store/redis/redis_servers.hpp"
#include "store/redis/redis_task.hpp"

namespace sluice::store {

class RedisBacking final : public Backing, private net::Timer {
  public:
    static constexpr unsigned listings_max = 4;  // at once; further ones fail at once

    /// `told` gets "store_down" and "store_up" once each, with the reason, and "store_refused" when the
    /// server refuses an operation, once a minute at most. It must not destroy this object. Throws
    /// std::runtime_error when the CA file cannot be read.
    RedisBacking(net::Loop& loop, RedisOptions options, RedisTold told);
    ~RedisBacking() override;

    void perform(Operations batch, Done done) override;
    /// Waits until all operations in flight have been answered; runs `done` at once when there are none.
    void settle(Settled done) override;

  private:
    class Batch;
    class Listing;
    struct Finished {
        std::optional<Outcomes> outcomes;
        Done done;
    };
    struct Settling {
        std::size_t left;  // batches still to wait for
        std::uint64_t before;
        Settled done;
    };

    void start(Operations operations, Done done);
    void send(RedisLink& link, RedisTicket ticket);
    /// Acts on an error reply. True: the ticket is on its way again.
    bool pursue(RedisTicket ticket, const RedisReply& error, RedisLink& from);
    void tell_refused(const RedisLink& from, const std::string& said);
    void finish(std::uint64_t number, std::optional<Outcomes> outcomes, Done done);
    void at_end_of_turn();
    void end_turn();
    void on_timer() override;

    net::Loop& loop_;
    const RedisOptions options_;
    const RedisTold told_;
    std::shared_ptr<void> alive_ = std::make_shared<int>();
    std::vector<Finished> finished_;
    std::vector<Settling> settling_;
    std::vector<std::shared_ptr<Listing>> early_;  // lists that wait until the cluster is known
    std::size_t under_way_ = 0;                    // operations
    unsigned listings_ = 0;
    std::size_t batches_under_way_ = 0;  // batches that a caller waits for
    std::uint64_t batches_ = 0;          // ever; the number of the last
    Instant refusal_told_{};
    bool turn_will_end_ = false;
    RedisServers servers_;  // last: the operations that it loses at its end refer to the other members
};

}  // namespace sluice::store
