// A run: all classes of clients on one epoll set, from the first connection to the result.
//
// Single-threaded: more load, or more descriptors than one process may have, takes more processes.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "load/crew.hpp"
#include "load/options.hpp"

namespace load {

class Run {
  public:
    explicit Run(const Options& options);
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    /// Runs to the end and prints the result. Returns the exit code: 1 if anything failed.
    int to_the_end();

    /// May be called by a signal handler.
    void stop() { stopped_ = true; }

  private:
    bool over();
    /// Waits for events, until `until` at the latest, and hands them to their clients.
    void turn(Time until);
    Time start_due();
    void sweep();
    void report_second();
    bool print_result(Time begun) const;

    Options options_;
    Common common_;
    std::vector<std::unique_ptr<Crew>> crews_;
    Time swept_;
    Time second_end_;
    unsigned second_ = 1;
    bool stopping_ = false;  // no new unit is begun
    Time stopped_at_ = Time::max();
    std::atomic<bool> stopped_ = false;
};

}  // namespace load
