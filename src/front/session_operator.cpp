// The operator's view of open sessions, and the effect of the operator's acts on them.
#include "front/session.hpp"
#include "front/transaction.hpp"

namespace sluice::front {

HeldSession Session::as_held() const {
    return {.client = peer_.address,
            .lane = lane_,
            .stage = record_.stage,
            .score = case_.verdict().score,
            .seconds = age_ms() / 1000,
            .octets_in = record_.octets_in,
            .octets_out = record_.octets_out};
}

/// Whether the session has been judged. One that has not needs nothing: greet() will know the operator's act.
bool Session::is_judged() const {
    const bool is_new = waiting_ == Waiting::checks && case_.stage() <= Stage::greeting;
    return waiting_ != Waiting::proxy_header && waiting_ != Waiting::pregreet && !is_new;
}

/// A client that is now let through gets at once what the pace holds back; one that is now slowed waits from
/// its next reply on. A refusal is heard where a new session would hear it, or at the next such place if that
/// is past: at the next recipient, DATA, or the end of the message.
bool Session::obey() {
    if (ended_ || closing_ || lingering_ || context_.draining) return false;
    if (waiting_ == Waiting::pregreet && case_.named_good()) {
        held_until_ms_ = age_ms();  // the pause is over
        advance();
        return true;
    }
    if (!is_judged()) return false;
    const bool was_slow = pace_.slow();
    judge();
    if (case_.named_good()) server_.take_local_names();
    if (!was_slow || pace_.slow()) return false;
    advance();
    return true;
}

/// Whether the operator has refused the client since its recipients were accepted.
bool Session::refused_since() const {
    if (lane_ != policy::Lane::reject && lane_ != policy::Lane::defer) return false;
    return case_.decided() == lane_;  // else a later act has not reached this session yet
}

}  // namespace sluice::front
