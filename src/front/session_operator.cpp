// What an operator sees of a session that is open, and what his word does to it.
#include "front/session.hpp"
#include "front/transaction.hpp"

namespace sluice::front {

HeldSession Session::as_held() const {
    return {.client = peer_.address,
            .lane = lane_,
            .stage = record_.stage,
            .score = verdict().score,
            .seconds = age_ms() / 1000,
            .octets_in = record_.octets_in,
            .octets_out = record_.octets_out};
}

/// Before that greet() is yet to come, which knows what the operator has said.
bool Session::is_judged() const {
    const bool recalls = waiting_ == Waiting::memory && !transaction_;
    return waiting_ != Waiting::proxy_header && waiting_ != Waiting::admission &&
           waiting_ != Waiting::pregreet && !recalls;
}

/// One that is let through now gets at once what the pace holds back, and one that is slowed waits from its
/// next reply on. A refusal is heard where a new session would hear it, and with what this one is past
/// already: at its next recipient, DATA, or the end of its message.
bool Session::obey() {
    if (ended_ || closing_ || lingering_ || context_.draining) return false;
    if (waiting_ == Waiting::pregreet && named_good()) {
        held_until_ms_ = age_ms();  // the pause is over
        advance();
        return true;
    }
    if (!is_judged()) return false;
    const bool was_slow = pace_.slow();
    judge();
    if (named_good()) server_.take_local_names();
    if (!was_slow || pace_.slow()) return false;
    advance();
    return true;
}

/// The operator has refused the client since its recipients were taken.
bool Session::refused_since() const {
    if (lane_ != policy::Lane::reject && lane_ != policy::Lane::defer) return false;
    const auto match = listed();
    return match && match->lane == lane_;  // else he has said something since that has not come here yet
}

}  // namespace sluice::front
