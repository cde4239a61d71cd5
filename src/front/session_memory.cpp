// The reports of a session to the store.
#include <array>

#include "front/session.hpp"
#include "front/transaction.hpp"
#include "judge/greylist_check.hpp"
#include "store/greylist_operations.hpp"
#include "store/past_operations.hpp"

namespace sluice::front {

/// The place is looked up at each use: this takes about a microsecond, and very many sessions are held.
policy::Place Session::place() const {
    return context_.surroundings.place_of(peer_.address);
}

/// Registers the session again with a memory that has forgotten it.
void Session::join_again() {
    if (case_.facts().joined)
        context_.surroundings.state->tell(store::held_by(peer_.address, context_.options.policy.past, true));
}

/// Tells the memory what other sessions should know of this client, at the end of the session.
void Session::depart() {
    if (!case_.facts().joined) return;
    case_.facts().joined = false;
    const auto& policy = context_.options.policy;
    store::Departure departure;
    departure.counts = {0,
                        record_.transactions,
                        record_.recipients_accepted + record_.recipients_refused,
                        server_.secure() ? 1U : 0U,
                        record_.auth_attempts,
                        record_.unknown_recipients};
    // The conduct of an authenticated client, or of one the operator has decided on, is no evidence.
    if (!server_.authenticated() && !case_.decided()) {
        departure.conduct = conduct();
        std::optional<policy::ShortBlock> before;
        if (const unsigned level = case_.facts().block_level; level > 0)
            before = policy::ShortBlock{.level = level, .why = {}};
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
            .traps = case_.facts().trapped ? 1U : 0U,
            .left_early = left_early};
}

policy::Leaving Session::leaving() const {
    using policy::Awaited;
    static constexpr std::array<Awaited, stages> awaited_at{Awaited::greeting, Awaited::ehlo, Awaited::mail,
                                                            Awaited::rcpt,     Awaited::data, Awaited::dot,
                                                            Awaited::dot};
    return {.awaited_reply = !sending_.empty() && pace_.slow(),
            .put_off = record_.excused,
            .delivered = record_.messages_accepted != 0,
            .wait = {.what = awaited_at.at(static_cast<std::size_t>(record_.stage)),
                     .reply = Millis{left_ms_} - Millis{asked_ms_},
                     .silence = context_.pace.silence_max}};
}

/// Remembers each recipient that is put off: a queue may retry them in another order.
void Session::refuse_for_now() {
    record_.greylisted = true;
    context_.surroundings.state->tell(store::greylist_waits(
        context_.options.policy.greylist, judge::greylist_name(case_),
        {peer_.address.to_string(), server_.envelope().sender, server_.recipient().address}));
    smtp::Answer refusal;
    refusal.reply = {450, "4.7.1 Greylisted: not seen before, try again in a while"};
    refusal.by = "greylist";
    judge_recipient(refusal);
}

}  // namespace sluice::front
