// The case of a session: the checks of each stage, the signals that the session itself notices, and the lane.
#include "front/session.hpp"
#include "front/transaction.hpp"

namespace sluice::front {

std::size_t Session::recipients_refused() const {
    return transaction_ ? transaction_->record.recipients_refused : 0;
}

/// Has the checks of a stage made, and goes on once they have answered. A health check is not judged.
void Session::check(Stage stage) {
    if (is_health_check() || case_.reach(stage)) return checked(stage);
    waiting_ = Waiting::checks;
}

void Session::stage_over(Stage stage) {
    waiting_ = Waiting::nothing;
    checked(stage);
    if (stage > Stage::greeting) advance();  // a greeting advances by itself
}

void Session::checked(Stage stage) {
    if (stage > Stage::greeting && case_.has_changed()) judge();
    switch (stage) {
        case Stage::connect: return wait_for_early_talkers();
        case Stage::greeting: return greet();
        case Stage::helo: return server_.answer({250, ""});
        case Stage::mail: return begin_transaction();
        case Stage::rcpt: return take_recipient();
        case Stage::data: return begin_content();
        case Stage::message: return message_checked();
    }
}

void Session::notice_oddities() {
    const smtp::Oddities odd = server_.take_oddities();
    if (is_health_check()) return;
    if (odd.early_pipelining) case_.notice(policy::SignalId::early_pipelining);
    if (odd.non_smtp) case_.notice(policy::SignalId::non_smtp);
    if (odd.bare_newline) case_.notice(policy::SignalId::bare_newline);
}

void Session::note_unknown_recipient() {
    const auto& options = context_.options.policy.unknown_recipients;
    const unsigned count = context_.unknown_recipients.add(peer_.address, recipient(), context_.now());
    if (options.slow_after == 0 || count < options.slow_after) return;
    case_.notice(policy::SignalId::unknown_recipients, std::to_string(count));
}

/// Whether the transaction has to come again first.
bool Session::is_greylisted() const {
    return case_.facts().greylist == judge::Greylist::waits && !observing();
}

/// An authenticated client has nothing more to prove, and a health check is not judged at all.
policy::Lane Session::judged_lane() const {
    return server_.authenticated() || is_health_check() ? policy::Lane::fast : case_.verdict().lane;
}

bool Session::observing() const {
    return context_.options.policy.mode == policy::Mode::observe;
}

/// Promotes or demotes the client by all signals so far.
void Session::judge() {
    case_.judged();
    lane_ = observing() ? policy::Lane::fast : judged_lane();
    content_slow_ = false;
    if (lane_ != policy::Lane::slow) return pace_.speed_up();
    pace_.slow_down(context_.pace);
    if (context_.pace.content == policy::PacedContent::slow)
        content_slow_ = case_.verdict().score >= context_.options.policy.thresholds.content_slow;
}

}  // namespace sluice::front
