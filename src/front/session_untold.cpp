// The fate of a message whose client is gone between its dot and the reply.
//
// Such a client will send the message again (RFC 5321 4.5.4.1). If its connection breaks before the MTA has
// had the dot, the delivery is withdrawn and nothing is delivered. If it has only closed its direction it can
// still hear the reply, and its message is delivered, except when it closed so long before its message was
// read that it may have come again already: see pass_on().
//
// Once the MTA has had the dot, the message is the MTA's, and RFC 1047 describes the danger: the client keeps
// a copy that it does not know to be delivered, and the recipient gets the mail twice. So the session waits
// for the MTA's reply even without a client, remembers a 250, and answers the same letter with it when it
// comes again (untold_deliveries.hpp), as RFC 5321 6.1 asks of a server. A 250 that the client's kernel has
// not acknowledged by the end of the session is remembered, too. A client that has heard 250 never sends that
// letter again, so remembering one letter too many costs nothing.
#include <utility>

#include "front/session.hpp"
#include "front/transaction.hpp"
#include "store/past_operations.hpp"
#include "store/untold_operations.hpp"

namespace sluice::front {

namespace {

const smtp::Answer gone{
    .reply = {451, "4.4.2 Connection closed long before the message was read; it was not delivered"},
    .mta = {},
    .by = "none"};
const smtp::Answer first_copy_under_way{
    .reply = {451, "4.4.2 The same message is being delivered already; try again in a while"},
    .mta = {},
    .by = "none"};

}  // namespace

/// Handles a client that has closed its direction, or whose connection has broken, during the delivery.
///
/// Nobody can hear the reply over a broken connection, so the delivery is withdrawn if it still can be. A
/// client that has only closed its direction may still read: some clients send everything, close their
/// direction and wait, others neither wait nor come again, and an MTA delivers the mail of both.
void Session::client_gone() {
    if (broken_ && take_back()) return end();
    note_under_way();
}

/// Withdraws the delivery. True: nothing is delivered; false: the MTA has had the dot already.
bool Session::take_back() {
    const auto& question = static_cast<const smtp::DeliveryQuestion&>(*transaction_->asked);
    if (context_.surroundings.backend.deliveries.passed_on(question)) return false;
    transaction_->asked.reset();
    waiting_ = Waiting::nothing;  // end() writes the transaction's log line
    context_.metrics().add(Metric::untold, UntoldResult::taken_back);
    return true;
}

/// Remembers that the letter is under way: a client that is gone may come again before the MTA has answered.
void Session::note_under_way() {
    if (!transaction_->under_way.empty()) return;
    const auto letter = transaction_->print.name(server_.envelope(), server_.authenticated());
    if (!letter || context_.untold.find(untold_key(*letter), context_.now()) != nullptr) return;
    remember_untold(*letter, {.under_way = true});
    transaction_->under_way = *letter;
}

/// Hands the complete message to the MTA, unless the same letter has been there before.
void Session::hand_over() {
    store::State* const state = context_.surroundings.state;
    const bool ask = state != nullptr && (case_.facts().untold_near || case_.decided());
    if (!ask && context_.untold.empty()) return pass_on();
    const auto letter = transaction_->print.name(server_.envelope(), server_.authenticated());
    if (!letter) return pass_on();
    if (const auto* const before = context_.untold.find(untold_key(*letter), context_.now()))
        return found_before(before);
    if (!ask) return pass_on();
    waiting_ = Waiting::recall;
    transaction_->recall = std::make_unique<LetterRecall>(*state, sender_address(), *letter,
                                                          [this](const UntoldDelivery* before) {
                                                              found_before(before);
                                                              advance();
                                                          });
}

/// Delivers the message, unless the client closed its direction two seconds or more before its message was
/// read. Such a client sent faster than its pace let us read, or gave the message up; meanwhile it may have
/// come again, and its mail may have been delivered.
void Session::pass_on() {
    constexpr Millis a_while{2000};
    if (!peer_closed_ || Millis{age_ms()} - Millis{left_ms_} < a_while) return deliver();
    context_.metrics().add(Metric::untold, UntoldResult::taken_back);
    judge_delivery(gone);
}

/// Goes on with what is known of the letter; null = nothing is known.
void Session::found_before(const UntoldDelivery* before) {
    waiting_ = Waiting::nothing;
    const auto found = before == nullptr ? std::nullopt : std::optional(*before);
    transaction_->recall.reset();
    if (!found) return pass_on();
    if (found->under_way) {
        context_.metrics().add(Metric::untold, UntoldResult::put_off);
        return judge_delivery(first_copy_under_way);
    }
    context_.metrics().add(Metric::untold, UntoldResult::answered);
    context_.metrics().add(Metric::messages, MailResult::accepted);
    record_.excused = true;
    const smtp::Answer answer{.reply = found->reply, .mta = {}, .by = "cache"};
    transaction_ended("delivered_before", &answer);
    server_.answer(answer.reply);
}

/// Remembers a 250 for which the client is gone already; otherwise keeps it until the client has heard it.
void Session::settle_delivery(const smtp::Reply& reply) {
    const std::string under_way = std::exchange(transaction_->under_way, {});
    if (!reply.positive()) {
        if (!under_way.empty()) forget_untold(under_way);
        return;
    }
    const auto letter = transaction_->print.name(server_.envelope(), server_.authenticated());
    if (is_gone()) {
        transaction_->record.untold = true;
        context_.metrics().add(Metric::untold, UntoldResult::delivered);
        if (letter) remember_untold(*letter, {.under_way = false, .reply = reply});
    } else if (letter) {
        aside().told = std::make_unique<ToldLetter>(*letter, reply);
    }
}

/// Remembers the last message's 250 at the end of a session, or before the next reply, unless the client has
/// heard it.
void Session::settle_told() {
    const auto told = aside_ ? std::move(aside_->told) : nullptr;
    if (!told || (!broken_ && sending_.empty() && net::unacknowledged_octets(fd_.get()) == 0)) return;
    record_.unheard = true;
    context_.metrics().add(Metric::untold, UntoldResult::delivered);
    remember_untold(told->name, {.under_way = false, .reply = told->reply});
}

void Session::remember_untold(std::string_view letter, const UntoldDelivery& delivery) {
    context_.untold.put(untold_key(letter), delivery, context_.now());
    if (context_.surroundings.state == nullptr) return;
    const Seconds life = delivery.under_way ? UntoldDeliveries::under_way_life : UntoldDeliveries::life;
    const auto verb = delivery.under_way ? store::Verb::add : store::Verb::put;
    context_.surroundings.state->tell(store::remember_untold(
        verb, sender_address(), letter, to_text(delivery), life, UntoldDeliveries::life));
}

void Session::forget_untold(std::string_view letter) {
    context_.untold.forget(untold_key(letter));
    if (context_.surroundings.state != nullptr)
        context_.surroundings.state->tell(store::forget_untold(sender_address(), letter));
}

std::string Session::untold_key(std::string_view letter) const {
    return store::network_key("", sender_address()).append("/").append(letter);
}

}  // namespace sluice::front
