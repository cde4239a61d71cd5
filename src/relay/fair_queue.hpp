// The order in which jobs that wait for MTA connections get them: the fast lane before the slow one, within a
// lane one client's network after the other, and no network beyond its share of the connections.
//
// The share. A question about recipients costs a client nothing and may take an MTA a minute (a callout, a
// policy service). So one network has at most a quarter of the connections (at least one) for questions at
// any time: a connection lent for a minute cannot be called back when another client arrives a second later.
// A message has been received here in full, for recipients that were accepted; for messages a network may go
// beyond its quarter while no network within its own quarter waits in that lane, but never into the last
// quarter, which is kept for the next network to arrive. So an installation that has all its mail from one
// address delivers over three quarters of its connections, and below four connections over all of them.
//
// A network is an IPv4 /24 or an IPv6 /64 (client_network.hpp). Everything here is O(1) in the number of jobs
// and of networks, apart from one look-up in a hash table for each new job. A network is remembered only
// while it has a job waiting or holds a connection. Pure: no clock, no sockets; the queue does not own the
// jobs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/keyed_hash.hpp"
#include "relay/job.hpp"

namespace sluice::relay {

/// One network, for as long as it has a job waiting or holds a connection.
struct ClientTurn {
    /// The ring of a lane that the network is in: none when no job of its there may be served now.
    enum class Ring : std::uint8_t { none, within, beyond };

    struct Lane {
        JobQueue checks{JobQueue::By::turn};
        JobQueue deliveries{JobQueue::By::turn};
        unsigned promised = 0;  // of these jobs, those with a connection being opened for them
        Ring ring = Ring::none;
        ClientTurn* next = nullptr;
        ClientTurn* previous = nullptr;

        bool empty() const { return checks.empty() && deliveries.empty(); }
    };

    std::array<Lane, 2> lanes;  // fast, slow
    unsigned held = 0;          // connections, including those that are being opened for it
    const std::string* key = nullptr;
};

class FairQueue {
  public:
    explicit FairQueue(unsigned connections_max);
    FairQueue(const FairQueue&) = delete;
    FairQueue& operator=(const FairQueue&) = delete;

    /// share_of: how many of `connections_max` one network may hold for questions. kept_for_others: how many
    /// it may never hold.
    static unsigned share_of(unsigned connections_max);
    static unsigned kept_for_others(unsigned connections_max) { return connections_max / 4; }

    void push_back(Job& job);
    /// Puts the job before all others of its lane and of its client: it has waited before.
    void push_front(Job& job);
    void remove(Job& job);
    bool holds(const Job& job) const { return arrivals(job.fast_lane).holds(job); }

    /// A connection is the job's, or is being opened for it; its client's turn is over. The job stays in the
    /// queue.
    void take_hold(Job& job);
    void let_go(Job& job);

    /// The jobs of a lane in the order of arrival, which is also that of their deadlines.
    const JobQueue& arrivals(bool fast_lane) const { return arrivals_[fast_lane ? 0 : 1]; }
    std::size_t size() const { return arrivals_[0].size() + arrivals_[1].size(); }
    /// The number of networks that wait or hold connections.
    std::size_t clients() const { return clients_.size(); }

    enum class Visit : std::uint8_t { pass, stop };
    /// Shows the jobs that may be served, in the order of turns, until `visit` returns stop. The queue must
    /// not change before then.
    template <typename Visitor>
    void each(Visitor visit) const {
        for (const std::size_t lane : {0U, 1U}) {
            for (const Ends& ring : rings_[lane]) {
                for (ClientTurn* client = ring.first; client != nullptr; client = client->lanes[lane].next) {
                    if (each_of(*client, client->lanes[lane], visit) == Visit::stop) return;
                }
            }
        }
    }

  private:
    struct Ends {
        ClientTurn* first = nullptr;
        ClientTurn* last = nullptr;
    };
    using Ring = ClientTurn::Ring;

    /// A client that has its full share shows only the jobs for which a connection is being opened: any other
    /// connection that comes free serves them as well.
    template <typename Visitor>
    Visit each_of(const ClientTurn& client, const ClientTurn::Lane& lane, Visitor& visit) const {
        const bool room = client.held < share_ || lane.ring == Ring::beyond;
        unsigned promised = lane.promised;
        Job* check = lane.ring == Ring::within ? lane.checks.front() : nullptr;
        Job* delivery = lane.deliveries.front();
        while ((room || promised != 0) && (check != nullptr || delivery != nullptr)) {
            const bool message = check == nullptr || (delivery != nullptr && !is_before(*check, *delivery));
            Job*& next = message ? delivery : check;
            Job& job = *next;
            next = JobQueue::after_turn(job);
            if (job.holding_) --promised;
            if ((room || job.holding_) && visit(job) == Visit::stop) return Visit::stop;
        }
        return Visit::pass;
    }
    static bool is_before(const Job& one, const Job& other) { return one.deadline_ < other.deadline_; }

    static std::size_t lane_of(const Job& job);
    ClientTurn& enter(Job& job);
    static JobQueue& own_queue(Job& job);
    Ring ring_for(const ClientTurn& client, const ClientTurn::Lane& lane) const;
    void settle(ClientTurn& client);
    void leave_ring(ClientTurn& client, std::size_t lane);
    void join_ring(ClientTurn& client, std::size_t lane, Ring ring);
    Ends& ends(std::size_t lane, Ring ring) { return rings_[lane][ring == Ring::within ? 0 : 1]; }

    unsigned share_;
    unsigned lent_max_;
    std::array<JobQueue, 2> arrivals_;
    std::array<std::array<Ends, 2>, 2> rings_{};  // by lane: within, beyond
    std::unordered_map<std::string, ClientTurn, KeyedHash> clients_;
};

}  // namespace sluice::relay
