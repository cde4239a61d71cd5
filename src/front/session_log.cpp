// The log lines of a session, and what they say.
#include <algorithm>
#include <chrono>

#include "front/session.hpp"
#include "front/transaction.hpp"
#include "net/log_writer.hpp"

namespace sluice::front {

/// Writes the transaction's log line and forgets it.
void Session::transaction_ended(std::string_view outcome, const smtp::Answer* answer) {
    if (!transaction_) return;
    if (answer == nullptr && is_greylisted()) outcome = name_of(Outcome::greylisted);
    auto& line = context_.log_line;
    line.clear();
    const TransactionEnd end{
        .outcome = outcome, .answer = answer, .octets = server_.content_octets(), .now = context_.now()};
    append_transaction_line(context_.surroundings.log_format, line, std::chrono::system_clock::now(),
                            facts_for_log(), server_.envelope(), transaction_->record, end);
    context_.surroundings.log.write(line);
    transaction_.reset();
    case_.drop(policy::SignalScope::transaction);
    // A transient refusal does not outlast its transaction.
    if (aside_ && aside_->refusal && !aside_->refusal->answer.reply.permanent()) aside_->refusal.reset();
}

void Session::reach(Stage stage) {
    record_.reach(stage, Millis{age_ms()});
}

std::uint32_t Session::age_ms() const {
    return static_cast<std::uint32_t>((context_.now() - started_).count());
}

void Session::log_session() {
    auto& line = context_.log_line;
    line.clear();
    SessionFacts facts = facts_for_log();
    facts.place = place();
    append_session_line(context_.surroundings.log_format, line, std::chrono::system_clock::now(), facts,
                        record_);
    context_.surroundings.log.write(line);
}

/// The name of the bot that leaves the slow lane in the way this session has left it.
std::string_view Session::bot() const {
    const bool left = record_.outcome == Outcome::left && left_ms_ != 0;
    if (!left || pace_.held() == Millis{0} || record_.messages_accepted != 0) return {};
    return policy::bot_that_left_after(Millis{left_ms_}, context_.options.policy.bots);
}

/// The outcome as it is logged and counted. A client that was asked to come again, and leaves, does as it was
/// asked.
Outcome Session::outcome() const {
    const bool gone = record_.outcome == Outcome::quit || record_.outcome == Outcome::left;
    return gone && record_.greylisted && record_.messages_accepted == 0 ? Outcome::greylisted
                                                                        : record_.outcome;
}

/// Allocated on first use: most sessions need none.
Aside& Session::aside() {
    if (!aside_) aside_ = std::make_unique<Aside>();
    return *aside_;
}

/// The facts for a log line; they refer to this session and to Context::log_signals.
SessionFacts Session::facts_for_log() const {
    auto& signals = context_.log_signals;
    signals.clear();
    if (auto decision = case_.decision()) signals.push_back(*std::move(decision));
    signals.insert(signals.end(), case_.signals().begin(), case_.signals().end());
    const bool left = record_.outcome == Outcome::left && left_ms_ != 0;
    const Millis lasted{left ? left_ms_ : age_ms()};
    return {.session = {context_.instance, number_},
            .client = peer_,
            .name = case_.name().confirmed(),
            .helo = server_.helo(),
            .lane = lane_,
            .would_be = observing() ? std::optional(judged_lane()) : std::nullopt,
            .score = case_.verdict().score,
            .signals = signals,
            .lasted = lasted,
            .held = std::min(pace_.held(), lasted),
            .tls = server_.secure() ? std::optional(tls_.facts()) : std::nullopt,
            .bot = bot(),
            .outcome = outcome(),
            .farewell = aside_ ? std::string_view(aside_->farewell) : std::string_view(),
            .unheard = record_.unheard};
}

}  // namespace sluice::front
