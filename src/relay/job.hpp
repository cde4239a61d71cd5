// A piece of work for an MTA connection, and a list of such work; fair_queue.hpp has the order of turns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "relay/identity.hpp"
#include "smtp/backend.hpp"
#include "smtp/dialogue.hpp"

namespace sluice::relay {

class Connection;
class JobQueue;
struct ClientTurn;

/// The reason why a job gets no answer from an MTA.
struct Failure {
    smtp::Reply reply;           // what to tell the client
    std::string mta;             // the MTA that caused it; empty = none was asked
    bool about_client = false;   // another client might fare better
    bool for_session = false;    // and this client will not, in this session (smtp::Answer)
    std::string mta_reply = {};  // for the log: the MTA's own words, where `reply` is ours
};

class Job {
  public:
    Job() = default;
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    virtual ~Job() = default;

    virtual const smtp::ClientIdentity& client() const = 0;

    /// The connection now speaks for client(): give its dialogue a task and send it.
    virtual void begin(Connection& connection) = 0;
    /// The outcome is verified, content, refused or delivered. Unless it is content, the job takes what it
    /// needs from the dialogue and then gives the connection back (Pool::release).
    virtual void reached(Connection& connection, smtp::Dialogue::Outcome outcome) = 0;
    /// There is no connection, or no longer one. The job belongs to no queue and no connection any more.
    virtual void failed(const Failure& failure) = 0;

    bool fast_lane = true;
    bool young_only = false;  // needs a connection opened in the last seconds (Connection::young())
    bool delivery = false;    // a message that is here in full, not a question about recipients

  private:
    friend class FairQueue;
    friend class JobQueue;
    friend class Pool;

    /// The job's place in one list.
    struct Link {
        JobQueue* queue = nullptr;
        Job* next = nullptr;
        Job* previous = nullptr;
    };

    Link arrival_;                      // among all jobs of its lane
    Link turn_;                         // among those of its client
    ClientTurn* owner_ = nullptr;       // its client, while it waits or holds a connection
    bool holding_ = false;              // a connection is leased to it, or is being opened for it
    Connection* connection_ = nullptr;  // leased
    Connection* promised_ = nullptr;    // being opened for this job
    Instant deadline_;
    bool fresh_only_ =
        false;  // a reused connection has failed us: no other will do, and there is no third try
    Introduction introduction_;  // for connections with these attributes; made on first use
    wire::XclientAttributes introduction_attributes_;
};

/// A first-in, first-out list that allows removal from anywhere. It does not own the jobs.
class JobQueue {
  public:
    enum class By : std::uint8_t { arrival, turn };  // which of a job's two places this list uses

    explicit JobQueue(By by = By::arrival) : by_(by) {}
    JobQueue(const JobQueue&) = delete;
    JobQueue& operator=(const JobQueue&) = delete;

    Job* front() const { return first_; }
    static Job* after_turn(const Job& job) { return job.turn_.next; }
    void push_back(Job& job);
    void push_front(Job& job);
    void remove(Job& job);
    bool holds(const Job& job) const { return link(job).queue == this; }
    bool empty() const { return first_ == nullptr; }
    std::size_t size() const { return size_; }

  private:
    Job::Link& link(Job& job) const { return by_ == By::arrival ? job.arrival_ : job.turn_; }
    const Job::Link& link(const Job& job) const { return by_ == By::arrival ? job.arrival_ : job.turn_; }

    By by_;
    Job* first_ = nullptr;
    Job* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace sluice::relay
