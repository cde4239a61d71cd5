// A visit to every session of a worker, spread over several turns of the loop: very many sessions are held,
// and the clients that are being served must not wait for all the visits.
//
// The walk begins with the oldest session. It leaves out sessions that end meanwhile, and does not wait for
// new ones.
#pragma once

#include <cstdint>
#include <functional>

#include "net/loop.hpp"

namespace sluice::front {

class Session;

class SessionWalk final : net::Timer {
  public:
    /// The budget of a turn, and the costs of a visit: a look takes about a microsecond; a move makes the
    /// session write.
    static constexpr unsigned turn_budget = 250;
    static constexpr unsigned look = 1;
    static constexpr unsigned move = 20;

    /// Returns the cost of the visit. It may end any session.
    using Visit = std::function<unsigned(Session& session)>;

    explicit SessionWalk(net::Loop& loop) : loop_(loop) {}

    /// Visits at most `count` sessions, from `oldest`, which may be null, to the younger ones. `done` is
    /// called once, in this turn or a later one. Not to be called while another walk is under way.
    void begin(Session* oldest, unsigned count, Visit visit, std::function<void()> done);
    bool under_way() const { return done_ != nullptr; }

    /// Must be called when a session ends.
    void leave_out(const Session& session);

  private:
    void on_timer() override { go_on(); }
    void go_on();

    net::Loop& loop_;
    Session* coming_ = nullptr;  // null = all have been visited
    unsigned left_ = 0;
    Visit visit_;
    std::function<void()> done_;  // null = none is under way
};

}  // namespace sluice::front
