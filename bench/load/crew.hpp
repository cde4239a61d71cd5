// The clients of one class: starts them, replaces those that have ended, and stops them.
//
// Closed loop: a client begins its next unit when the last has ended, so the server never has more units at
// once than there are clients, and a slow server is offered less. Open loop: connections arrive at their own
// times, and one that finds no free client waits; its latency counts from when it was due.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "load/arrivals.hpp"
#include "load/client.hpp"
#include "load/options.hpp"

namespace load {

class Crew {
  public:
    /// `number` is the upper half of its clients' tokens.
    Crew(const ClassOptions& options, std::uint32_t number, const sockaddr_in& target, Common& common);
    ~Crew();
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    /// Begins every connection that is due, and returns when the next one is.
    Time start_due();
    void on_ready(std::uint32_t client, std::uint32_t events);
    void on_time(std::uint32_t client, Time at);
    /// Fails clients that have received nothing for too long.
    void sweep();
    /// Begins nothing more.
    void stop();
    /// After stop(), units in progress come to an end of their own; if false, they go on as long as they may.
    bool ends_alone() const;
    /// Ends what is still in progress: as failed where it should have ended by itself.
    void end_rest();

    unsigned open() const { return open_; }
    /// The number of open connections that have received the greeting.
    unsigned greeted() const;
    /// True: no unit is in progress, and none will be.
    bool done() const { return open_ == 0 && (units_left_ == 0 || stopped_); }

    /// The results by name: the class, and its bounces where it has any.
    std::vector<std::pair<std::string, const Tally*>> tallies() const;

  private:
    /// The time by which all clients may have opened their first connection.
    void open_first();
    void take_arrivals();
    void start(std::uint32_t client, Time begun);
    Work& draw_work();
    void watch(int fd, std::uint64_t token) const;
    int connect_one();
    void ended(std::uint32_t client);

    ClassOptions options_;
    std::uint64_t number_;
    sockaddr_in target_;
    Common& common_;
    std::uint64_t units_left_;
    std::vector<Work> works_;  // the second is for bounces
    std::unique_ptr<Client[]> clients_;
    Time begun_;
    unsigned opened_ = 0;  // clients that have opened their first connection
    unsigned open_ = 0;
    bool stopped_ = false;
    std::deque<std::uint32_t> free_;
    std::deque<std::pair<Time, std::uint32_t>> resting_;  // after a failure; the time is when the rest ends
    std::optional<Arrivals> arrivals_;
    std::deque<Time> waiting_;  // arrivals that found no free client
};

}  // namespace load
