// A client that leaves between its dot and the answer, and what becomes of its message.
//
// It will send the message again (RFC 5321 4.5.4.1), so until the MTA has had the dot nothing is delivered.
// After it the message is the MTA's, and RFC 1047 names what follows: the client has a copy that it does not
// know to be delivered, and whoever gets the mail has it twice. So the answer is awaited, and the same letter
// is answered with it when it comes again (untold_deliveries.hpp), as RFC 5321 6.1 asks of a server. A client
// that has heard 250 never sends that letter again, so to remember one letter too many costs nothing.
#include <utility>

#include "front/recall.hpp"
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

/// The client has closed its direction, or the connection has broken, while the MTA has the message.
///
/// A broken connection has nobody behind it who could hear the answer. One that is only closed for writing
/// may have: some senders write all they have to say, close their direction and wait, others neither wait nor
/// come again, and an MTA delivers the mail of both.
void Session::client_gone() {
    if (broken_ && take_back()) return end();
    note_under_way();
}

/// True: nothing is delivered.
bool Session::take_back() {
    const auto& question = static_cast<const smtp::DeliveryQuestion&>(*transaction_->asked);
    if (context_.surroundings.backend.passed_on(question)) return false;
    transaction_->asked.reset();
    waiting_ = Waiting::nothing;  // end() has the transaction's line
    context_.metrics().add(Metric::untold, UntoldResult::taken_back);
    return true;
}

/// Who has gone may come again before there is an answer.
void Session::note_under_way() {
    if (!transaction_->under_way.empty()) return;
    const auto letter = transaction_->print.name(server_.envelope(), server_.authenticated());
    if (!letter || context_.untold.find(untold_key(*letter), context_.now()) != nullptr) return;
    remember_untold(*letter, {.under_way = true});
    transaction_->under_way = *letter;
}

/// The message is here in full: to the MTA, unless it has been there before.
void Session::hand_over() {
    store::State* const state = context_.surroundings.state;
    const bool ask = state != nullptr && (untold_near_ || listed());
    if (!ask && context_.untold.empty()) return pass_on();
    const auto letter = transaction_->print.name(server_.envelope(), server_.authenticated());
    if (!letter) return pass_on();
    if (const auto* const before = context_.untold.find(untold_key(*letter), context_.now()))
        return found_before(before);
    if (!ask) return pass_on();
    waiting_ = Waiting::memory;
    inquiry_ = std::make_unique<LetterRecall>(*state, sender_address(), *letter,
                                              [this](const UntoldDelivery* before) {
                                                  found_before(before);
                                                  advance();
                                              });
}

/// To the MTA. A client that closed its direction a while before we had read its message was too fast for its
/// pace, or gave it up: it may have come again, and been delivered, meanwhile.
void Session::pass_on() {
    constexpr Millis a_while{2000};
    if (!peer_closed_ || Millis{age_ms()} - Millis{left_ms_} < a_while) return deliver();
    context_.metrics().add(Metric::untold, UntoldResult::taken_back);
    judge_delivery(gone);
}

/// What is known of the letter; null = nothing.
void Session::found_before(const UntoldDelivery* before) {
    waiting_ = Waiting::nothing;
    const auto found = before == nullptr ? std::nullopt : std::optional(*before);
    inquiry_.reset();
    if (!found) return pass_on();
    if (found->under_way) {
        context_.metrics().add(Metric::untold, UntoldResult::put_off);
        return judge_delivery(first_copy_under_way);
    }
    context_.metrics().add(Metric::untold, UntoldResult::answered);
    context_.metrics().add(Metric::messages, MailResult::accepted);
    excused_ = true;
    const smtp::Answer answer{.reply = found->reply, .mta = {}, .by = "cache"};
    transaction_ended("delivered_before", &answer);
    server_.answer(answer.reply);
}

/// There is an answer: is there anybody to hear it?
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
        told_ = std::make_unique<ToldLetter>(*letter, reply);
    }
}

/// The client has said nothing since its message's 250, and will hear no more: has it heard that?
void Session::settle_told() {
    const auto told = std::exchange(told_, nullptr);
    if (!told || (!broken_ && sending_.empty() && net::unacknowledged_octets(fd_.get()) == 0)) return;
    unheard_ = true;
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
