// Asks all workers for their sessions and adds the answers up: the answer to `sluice sessions`.
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
    /// After this time a worker that has not answered is reported as silent.
    static constexpr Millis patience{3000};

    /// Must outlive all crews that it asks.
    explicit Census(net::Loop& loop) : loop_(loop) {}

    /// Asks all workers of `crews`. While an earlier question is open, joins that one. `answer` gets the text
    /// that app/worker/held_text.hpp describes.
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
