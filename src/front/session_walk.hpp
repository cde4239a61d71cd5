// A visit to every session of a worker, some of them in each turn of the loop: very many are held, and
// whoever is being served does not wait for all of them.
//
// It begins with the oldest. Those that end meanwhile are left out, and those that come are not waited for.
#pragma once

#include <cstdint>
#include <functional>

#include "net/loop.hpp"

namespace sluice::front {

class Session;

class SessionWalk final : net::Timer {
  public:
    /// What a turn has for visits, and what one costs: a look (about a microsecond), and one that makes the
    /// session write.
    static constexpr unsigned turn_budget = 250;
    static constexpr unsigned look = 1;
    static constexpr unsigned move = 20;

    /// Returns what it has cost. It may end any session.
    using Visit = std::function<unsigned(Session& session)>;

    explicit SessionWalk(net::Loop& loop) : loop_(loop) {}

    /// At most `count` sessions, from `oldest`, which may be null, to the younger ones. `done` is called
    /// once, in this turn or a coming one. Not while another is under way.
    void begin(Session* oldest, unsigned count, Visit visit, std::function<void()> done);
    bool under_way() const { return done_ != nullptr; }

    /// This session ends.
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
