// All clients of a run, on one epoll set: starts them, replaces those that have ended, and stops.
//
// A closed loop: a client begins its next unit when the last has ended, so the server is never offered more
// at once than there are clients, and a slow server is offered less. Single-threaded: for more load, more
// processes.
#pragma once

#include <atomic>
#include <memory>

#include "load/client.hpp"
#include "load/options.hpp"

namespace load {

class Crew {
  public:
    explicit Crew(const Options& options);
    ~Crew();
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    /// Runs to the end and prints the result. The exit code: 1 if anything failed.
    int run();

    /// May be called by a signal handler: ends a hold early.
    void stop() { stopped_ = true; }

  private:
    void run_units();
    void run_hold();
    void open_due(Time begun, unsigned& opened);
    void report_second(unsigned second);

    /// Waits for events, at most `wait_ms`, and hands them to their clients. In a hold nobody is replaced.
    void turn(int wait_ms, bool replace);
    /// Gives the client a connection, trying on while units are left; false when none could be had.
    bool start(Client& client);
    int connect_one();
    void sweep();

    Options options_;
    Shared shared_;
    std::unique_ptr<Client[]> clients_;
    unsigned open_ = 0;
    Time swept_;
    std::atomic<bool> stopped_ = false;
};

}  // namespace load
