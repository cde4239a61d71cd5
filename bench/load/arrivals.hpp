// The arrival times of the clients of an open loop: at random and independently of each other (a Poisson
// process), and independently of the server's speed. An arrival is due even when no client is free for it, so
// that a server that stalls is charged for all arrivals that had to wait.
#pragma once

#include <chrono>
#include <random>

#include "load/time.hpp"

namespace load {

class Arrivals {
  public:
    Arrivals(Time begin, double per_s, std::uint64_t seed) : next_(begin), between_(per_s), random_(seed) {
        advance();
    }

    /// The next arrival that has not been taken.
    Time next() const { return next_; }
    Time take() {
        const Time taken = next_;
        advance();
        return taken;
    }

  private:
    void advance() {
        next_ += std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(between_(random_)));
    }

    Time next_;
    std::exponential_distribution<double> between_;
    std::mt19937_64 random_;
};

}  // namespace load
