// The questions of a session to the memory that all sessions share, and the reports to it.
#include <array>
#include <fmt/format.h>

#include "front/recall.hpp"
#include "front/session.hpp"
#include "front/transaction.hpp"
#include "store/greylist_operations.hpp"
#include "store/past_operations.hpp"

namespace sluice::front {

/// Asks for the client's past. A client on one of the operator's lists is counted, but does not wait for the
/// answer.
void Session::recall() {
    store::State* const state = context_.surroundings.state;
    if (state == nullptr) return look_up();
    const auto& past = context_.options.policy.past;
    joined_ = true;
    if (listed()) {
        state->tell(store::past_of(peer_.address, place(), past, store::Arrival::joins));
        return look_up();
    }
    waiting_ = Waiting::memory;
    inquiry_ =
        std::make_unique<Recall>(*state, past, peer_.address, place(),
                                 [this](const policy::Past* found, bool untold) { recalled(found, untold); });
}

void Session::recalled(const policy::Past* past, bool untold) {
    waiting_ = Waiting::nothing;
    untold_near_ = untold;
    inquiry_.reset();
    if (past != nullptr) {
        const auto& policy = context_.options.policy;
        for (policy::Signal& signal : policy::signals_of(*past, policy.past, policy.signals))
            note(std::move(signal));
        remembered_ = policy::is_welcome(*past);
        if (past->block) record_.block_level = static_cast<std::uint8_t>(past->block->level);
    }
    look_up();
}

/// The place is looked up at each use: this takes about a microsecond, and very many sessions are held.
policy::Place Session::place() const {
    return context_.surroundings.place_of(peer_.address);
}

/// Registers the session again with a memory that has forgotten it.
void Session::join_again() {
    if (joined_)
        context_.surroundings.state->tell(store::held_by(peer_.address, context_.options.policy.past, true));
}

/// Tells the memory what other sessions should know of this client, at the end of the session.
void Session::depart() {
    if (!joined_) return;
    joined_ = false;
    const auto& policy = context_.options.policy;
    store::Departure departure;
    departure.counts = {0,
                        record_.transactions,
                        record_.recipients_accepted + record_.recipients_refused,
                        server_.secure() ? 1U : 0U,
                        record_.auth_attempts,
                        record_.unknown_recipients};
    // The conduct of an authenticated client, or of one the operator has decided on, is no evidence.
    if (!server_.authenticated() && !listed()) {
        departure.conduct = conduct();
        std::optional<policy::ShortBlock> before;
        if (record_.block_level > 0) before = policy::ShortBlock{.level = record_.block_level, .why = {}};
        if (policy.signals.on(policy::SignalId::blocklist))
            departure.block =
                policy::block_for(departure.conduct, policy.unknown_recipients.slow_after, before);
    }
    context_.surroundings.state->tell(store::departure_of(peer_.address, place(), policy.past, departure));
}

policy::Conduct Session::conduct() const {
    const bool left_early = record_.outcome == Outcome::left && left_ms_ != 0 &&
                            lane_ == policy::Lane::slow && policy::leaving_proves_impatience(leaving());
    return {.accepted = record_.messages_accepted,
            .unknown_recipients = record_.unknown_recipients,
            .refused = record_.messages_refused,
            .traps = record_.traps,
            .left_early = left_early};
}

policy::Leaving Session::leaving() const {
    using policy::Awaited;
    static constexpr std::array<Awaited, stages> awaited_at{Awaited::greeting, Awaited::ehlo, Awaited::mail,
                                                            Awaited::rcpt,     Awaited::data, Awaited::dot,
                                                            Awaited::dot};
    return {.awaited_reply = !sending_.empty() && pace_.slow(),
            .put_off = excused_,
            .delivered = record_.messages_accepted != 0,
            .wait = {.what = awaited_at.at(static_cast<std::size_t>(record_.stage)),
                     .reply = Millis{left_ms_} - Millis{asked_ms_},
                     .silence = context_.pace.silence_max}};
}

bool Session::to_be_greylisted() const {
    if (context_.surroundings.state == nullptr) return false;
    if (transaction_->greylist != Transaction::Greylist::unknown) return false;
    if (server_.authenticated() || is_known()) return false;
    const policy::Lane lane = judged_lane();
    if (lane == policy::Lane::reject || lane == policy::Lane::defer) return false;  // refused before that
    return policy::is_greylisted(context_.options.policy.greylist, lane, verdict().score);
}

policy::GreylistName Session::greylist_name() const {
    return policy::greylist_name(peer_.address, name(), server_.envelope().sender,
                                 server_.recipient().address);
}

/// Asks the memory before the first recipient of a transaction.
void Session::ask_greylist() {
    waiting_ = Waiting::memory;
    inquiry_ = std::make_unique<GreylistRecall>(
        *context_.surroundings.state, context_.options.policy.greylist, greylist_name(),
        [this](const policy::GreylistFacts* facts) { greylist_found(facts); });
}

void Session::greylist_found(const policy::GreylistFacts* facts) {
    using What = policy::GreylistAnswer::What;
    waiting_ = Waiting::nothing;
    const auto& options = context_.options.policy.greylist;
    const auto answer = facts == nullptr ? policy::GreylistAnswer{} : policy::greylist(*facts, options);
    context_.metrics().add(Metric::greylist, facts == nullptr            ? GreylistResult::unanswered
                                             : answer.what == What::wait ? GreylistResult::wait
                                                                         : GreylistResult::pass);
    const policy::GreylistName name = greylist_name();
    if (answer.newly) context_.surroundings.state->tell(store::greylist_passed(options, name));
    if (answer.renew) context_.surroundings.state->tell(store::greylist_kept(options, name));
    const bool waits = answer.what == What::wait;
    transaction_->greylist =
        waits && !observing() ? Transaction::Greylist::waits : Transaction::Greylist::passed;
    record_.would_be_greylisted |= waits && observing();
    if (waits)
        note({"greylist", "", fmt::format("{} {}, {} s", name.origin, name.domain, answer.wait.count()), 0});
    inquiry_.reset();  // `facts` belongs to the inquiry, and is invalid from here on
    put_recipient();
    advance();
}

/// Remembers each recipient that is put off: a queue may retry them in another order.
void Session::refuse_for_now() {
    record_.greylisted = true;
    context_.surroundings.state->tell(store::greylist_waits(
        context_.options.policy.greylist, greylist_name(),
        {peer_.address.to_string(), server_.envelope().sender, server_.recipient().address}));
    smtp::Answer refusal;
    refusal.reply = {450, "4.7.1 Greylisted: not seen before, try again in a while"};
    refusal.by = "greylist";
    judge_recipient(refusal);
}

}  // namespace sluice::front
