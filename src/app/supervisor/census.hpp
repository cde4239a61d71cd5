// The sessions of all workers, asked for and added up: what `sluice sessions` is answered.
#pragma once

#include <string_view>
#include <vector>

#include "app/process/control.hpp"
#include "app/supervisor/crew.hpp"
#include "front/held_sessions.hpp"
#include "net/loop.hpp"

namespace sluice::app {

class Census final : net::Timer {
  public:
    /// A worker that has not answered by then is told of as silent.
    static constexpr Millis patience{3000};

    /// To outlive all crews that are asked.
    explicit Census(net::Loop& loop) : loop_(loop) {}

    /// Asks all workers of `crews`, or waits for those that are being asked already. `answer` gets the text
    /// of app/worker/held_text.hpp.
    void ask(const std::vector<Crew*>& crews, Answer answer);

  private:
    void on_timer() override { finish(); }
    void heard(std::string_view text);
    void finish();

    net::Loop& loop_;
    std::vector<Answer> answers_;  // empty = nothing is asked
    front::HeldSessions sum_;
    unsigned asked_ = 0;
    unsigned heard_ = 0;
};

}  // namespace sluice::app
