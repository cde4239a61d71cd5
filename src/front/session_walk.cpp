#include "front/session_walk.hpp"

#include <utility>

#include "front/session.hpp"

namespace sluice::front {

void SessionWalk::begin(Session* oldest, unsigned count, Visit visit, std::function<void()> done) {
    coming_ = oldest;
    left_ = count;
    visit_ = std::move(visit);
    done_ = std::move(done);
    go_on();
}

void SessionWalk::go_on() {
    for (unsigned spent = 0; coming_ != nullptr && left_ > 0; --left_) {
        if (spent >= turn_budget) return loop_.timers().arm(*this, Instant{});  // in the next turn
        // The walk moves on before the visit, which may end the visited session. If it ends the next one,
        // leave_out() moves on again.
        Session& visited = *std::exchange(coming_, coming_->previous);
        spent += visit_(visited);
    }
    coming_ = nullptr;
    visit_ = nullptr;
    std::exchange(done_, nullptr)();
}

void SessionWalk::leave_out(const Session& session) {
    if (coming_ == &session) coming_ = session.previous;
}

}  // namespace sluice::front
