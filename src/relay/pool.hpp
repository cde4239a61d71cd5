// The MTA connections of one worker: how many there are, to which MTA, and which job uses which.
//
// A job waits for its turn (fair_queue.hpp) until there is a connection that speaks for its client already,
// or can be made to (see identity.hpp), or until one can be opened. Everything is decided at the end of a
// turn of the loop (pump()), so that no job is ever called from inside request(), and connections given back
// in a turn go to the jobs of that turn that fit them best.
//
// Connections that can be shared are opened one at a time: starting a process costs an MTA more than letting
// a job wait for a millisecond. Where each identity needs its own connection, they are opened as jobs come.
//
// Before an MTA gets any mail, and again from time to time, it has to prove on a connection just opened that
// it does not relay for strangers (relay_proof.hpp). Each connection must also tell the MTA who the client
// is, unless the operator has set identity = "none". An MTA that fails either test counts as down.
//
// An MTA that fails is left alone for a while (health.hpp) and then tried with a connection that is opened
// for no job; meanwhile the jobs go to the MTAs of the next priority. When there is none, they wait: an MTA
// that is being restarted is back in a moment, whereas 451 costs each client a quarter of an hour. After
// outage_wait_max the waiting jobs fail with 451 at once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "net/loop.hpp"
#include "relay/connection.hpp"
#include "relay/fair_queue.hpp"
#include "relay/job.hpp"
#include "relay/options.hpp"
#include "relay/relay.hpp"
#include "relay/upstream.hpp"

namespace sluice::relay {

class Pool final : public Connection::Owner {
  public:
    /// Opens a first connection to each MTA. All references must outlive it; `validating` as for Relay.
    Pool(net::Loop& loop, net::Resolver* validating, const RelayOptions& options, const Notice& notice);
    ~Pool();

    /// The job must stay alive until it has failed or released its connection, or until forget().
    void request(Job& job);
    /// The job no longer exists: it leaves the queue, or its connection is closed mid-way.
    void forget(Job& job);
    /// The job is done with its connection.
    void release(Job& job);
    /// Says QUIT on idle connections; later requests fail with 451 4.3.2.
    void drain();

    const smtp::Offer& offer() const { return offer_; }
    /// See smtp::RecipientBackend: the least that any MTA takes which may get a message.
    std::size_t recipients_max(const IpAddress& client) const;
    /// The first MTA that is up and offers AUTH; null = none.
    Upstream* authenticating() const;
    static bool leased(const Job& job) { return job.connection_ != nullptr; }

    unsigned connections() const { return static_cast<unsigned>(connections_.size()); }
    unsigned idle() const { return static_cast<unsigned>(idle_.size()); }
    std::size_t waiting() const { return queue_.size() + refused_.size(); }

  private:
    using Outcome = Connection::Outcome;

    class Alarm final : public net::Timer {
      public:
        explicit Alarm(Pool& pool) : pool_(pool) {}
        void on_timer() override { pool_.schedule_pump(); }

      private:
        Pool& pool_;
    };

    // pool.cpp: jobs and the queue
    void schedule_pump();
    void pump();
    bool serve_promised();
    bool serve_next();
    bool all_down() const;
    bool distrusts_any() const;
    void note_outage();
    bool hopeless() const;
    void fail_all(const JobQueue& queue, const Failure& failure);
    Failure none_up() const;
    void fail_expired(const JobQueue& queue);
    void leave_queue(Job& job);
    void promise(Connection& connection, Job& job);
    void break_promise(Connection& connection);
    void fail(Job& job, const Failure& failure);
    void arm_alarm();
    Connection* idle_for(Job& job);
    bool is_fresh(Connection& connection) const;
    bool fits(Connection& connection, Job& job) const;
    const Introduction& introduction(Connection& connection, Job& job) const;
    void lease(Connection& connection, Job& job);
    Upstream* to_open() const;
    bool open_for(Job& job);
    unsigned priority_in_use() const;

    // pool_connections.cpp: connections and the MTAs' health
    bool open(Upstream& upstream, Job* job);
    void maintain();
    unsigned in_use() const;
    void progressed(Connection& connection, Outcome outcome) override;
    void idle_expired(Connection& connection) override;
    void greeting_late(Connection& connection) override;
    void opened(Connection& connection);
    void put_to_use(Connection& connection);
    void announce(Connection& connection);
    void introduced(Connection& connection);
    void lost(Connection& connection, Outcome outcome);
    void note_failure(Connection& connection);
    bool greeted_badly(Connection& connection, Outcome outcome) const;
    void fail_promised(Connection& connection);
    void fail_leased(Connection& connection, Outcome outcome);
    void learn_recipients(Connection& connection);
    static bool ties(Connection& connection);
    void end_lease(Connection& connection);
    void make_idle(Connection& connection);
    void leave_idle(Connection& connection);
    bool wanted(Connection& connection) const;
    void retire_politely(Connection& connection);
    void discard(Connection& connection);
    void leave_upstream(Connection& connection);
    void note_down(Upstream& upstream, std::string_view why);
    void tlsa_heard(Upstream& upstream);
    void learn_offer();

    // pool_trust.cpp: which MTAs may get strangers' mail
    bool has_identity(Connection& connection);
    bool wants_proof(Connection& connection) const;
    void prove(Connection& connection);
    void proof_over(Connection& connection);
    void distrust(Connection& connection, Distrust why, std::string_view sentence);

    net::Loop& loop_;
    const RelayOptions& options_;
    const Notice& notice_;
    std::vector<std::unique_ptr<Upstream>> upstreams_;
    std::vector<std::unique_ptr<Connection>> connections_;  // opening, leased, idle
    std::vector<std::unique_ptr<Connection>> quitting_;
    std::vector<Connection*> idle_;  // in order of use, the last used at the back
    FairQueue queue_;
    JobQueue refused_;  // came when the queue was full, or while draining
    Alarm alarm_{*this};
    smtp::Offer offer_;
    std::optional<Instant> outage_began_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // a deferred pump() checks it first
    bool pump_scheduled_ = false;
    bool draining_ = false;
};

}  // namespace sluice::relay
