// The steps that the SMTP state machine asks of a session: the policy, the backend, the spool, the log.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>
#include <span>
#include <utility>

#include "front/session.hpp"
#include "front/transaction.hpp"

namespace sluice::front {

namespace {

constexpr std::array<std::string_view, 7> ended_by_names{"rset",    "helo",         "quit",  "refused",
                                                         "too_big", "bare_newline", "limits"};

/// For this long an MTA's refusal of a client stands for its answer to everything that the client asks in one
/// session and under one HELO name; a transient refusal stands only until the end of the transaction. Each
/// question would cost the MTA a connection.
constexpr Seconds refusal_time{300};

const smtp::Reply shutting_down{421, "4.3.2 Service shutting down"};
const smtp::Reply no_storage{452, "4.3.1 Insufficient system storage"};
const smtp::Reply too_many_recipients_now{452, "4.5.3 Too many recipients"};

std::string_view name_of(smtp::EndedBy reason) {
    return ended_by_names.at(static_cast<std::size_t>(reason));
}

/// A 421 of the MTA ends only the transaction or recipient it was about: with it the MTA closes its own
/// connection (RFC 5321 3.8), not the client's.
smtp::Reply without_421(smtp::Reply reply) {
    if (reply.code == 421) reply.code = 451;
    return reply;
}

/// The result under which a reply is counted.
MailResult result_of(const smtp::Reply& reply) {
    if (reply.positive()) return MailResult::accepted;
    return reply.transient() ? MailResult::deferred : MailResult::refused;
}

}  // namespace

/// Steps the state machine until it needs more input (true), or until something else has to happen first.
bool Session::run(std::string_view& input) {
    while (waiting_ == Waiting::nothing && !closing_ && !output_pending()) {
        const smtp::Step step = server_.next(input, context_.hello(pace_.slow()));
        if (server_.is_odd()) notice_oddities();
        if (step == smtp::Step::start_tls) {
            // Anybody on the network path may have sent the input behind STARTTLS, so it must not count as
            // the client's own commands under TLS (CVE-2011-0411).
            input = {};
            waiting_ = Waiting::handshake;
            if (aside_) aside_->authentication.reset();  // a login in plaintext is forgotten (RFC 3207 4.2)
        } else if (step != smtp::Step::need_input) {
            take(step);
        } else if (context_.draining && !server_.in_transaction()) {
            server_.terminate(shutting_down);
            record_.outcome = Outcome::shutdown;
        } else {
            return true;
        }
    }
    return false;
}

/// Judges the client by its new signals before each step except content, so that the step obeys the latest
/// verdict: HELO, MAIL, each RCPT, DATA, the end of a message, and each reply.
void Session::take(smtp::Step step) {
    if (case_.has_changed() && step != smtp::Step::content) judge();
    switch (step) {
        case smtp::Step::need_input:
        case smtp::Step::start_tls: break;
        case smtp::Step::ask_starttls: ask_starttls(); break;
        case smtp::Step::ask_auth:
        case smtp::Step::ask_auth_response: ask_auth(step); break;
        case smtp::Step::reply: queue_reply(); break;
        case smtp::Step::ask_helo:
            reach(Stage::helo);
            if (aside_) aside_->refusal.reset();     // the MTA may have refused the old name
            case_.drop(policy::SignalScope::hello);  // after STARTTLS the client may say another one
            check(Stage::helo);
            break;
        case smtp::Step::ask_mail: ask_mail(); break;
        case smtp::Step::ask_rcpt: ask_recipient(); break;
        case smtp::Step::ask_data: ask_data(); break;
        case smtp::Step::content: keep_content(); break;
        case smtp::Step::ask_message: message_complete(); break;
        case smtp::Step::transaction_ended: transaction_ended(name_of(server_.ended_by()), nullptr); break;
        case smtp::Step::identity_changed: forwarded_ = true; break;
        case smtp::Step::close:
            closing_ = true;
            if (record_.outcome == Outcome::left) {
                record_.outcome = server_.reply_code() == 221 ? Outcome::quit : Outcome::refused;
            }
            break;
    }
}

void Session::queue_reply() {
    progress_ms_ = age_ms();
    record_.excused = record_.excused || server_.reply_code() / 100 == 4;
    if (aside_ && aside_->told && std::exchange(aside_->told->queued, true)) settle_told();
    if (server_.is_closed() && server_.reply_code() != 221) aside().farewell = server_.reply_wire();
    if (pace_.slow() && context_.output.empty()) {
        sending_ = server_.reply_wire();
    } else {
        context_.output.append(server_.reply_wire());
    }
}

void Session::ask_starttls() {
    if (!tls_to_spare()) return server_.answer({454, "4.7.0 TLS not available now"});
    server_.answer({220, ""});
}

/// Whether another TLS handshake can be afforded; counts it for this client.
bool Session::tls_to_spare() {
    const auto& options = context_.options.tls;
    const bool too_many = pace_.slow() && context_.tls_sessions >= options.slow_sessions_max;
    const bool too_often =
        options.handshakes_per_client_max != 0 && !is_health_check() &&
        context_.handshakes.add(peer_.address, context_.now()) > options.handshakes_per_client_max;
    return !too_many && !too_often;
}

/// Passes the line on to the MTA, which alone can judge it.
void Session::ask_auth(smtp::Step step) {
    if (is_health_check()) return refuse_mail_of_check();
    auto& authentication = aside().authentication;
    if (!authentication) {
        if (const auto* const refusal = turned_away_by_mta()) return server_.answer(refusal->reply);
        auto login = context_.surroundings.backend.logins.open_login(identity());
        if (!login) return server_.answer({454, "4.7.0 Temporary authentication failure"});
        authentication = std::make_unique<Authentication>();
        authentication->login = std::move(login);
    }
    auto question = std::make_unique<AuthAsked>(*this, identity());
    if (step == smtp::Step::ask_auth) {
        question->line = "AUTH ";
        if (record_.auth_attempts < std::numeric_limits<std::uint8_t>::max()) ++record_.auth_attempts;
    }
    question->line += server_.auth_text();
    question->login = authentication->login.get();
    auto& asked = *question;
    authentication->asked = std::move(question);
    waiting_ = Waiting::authentication;
    context_.surroundings.backend.logins.authenticate(asked);
}

void Session::auth_answered(const smtp::Answer& answer) {
    constexpr int challenge = 334;
    waiting_ = Waiting::nothing;
    heed(answer);
    const smtp::Reply reply = answer.reply;
    aside_->authentication->asked.reset();  // `answer` goes with it
    // A client that has failed keeps no MTA connection; its next attempt makes another.
    if (reply.code != challenge && !reply.positive()) aside_->authentication.reset();
    server_.answer(reply);
    if (server_.authenticated()) {
        case_.note({"authenticated", "", "", 0});
        case_.withdraw();  // the HELO name no longer matters
        judge();
    }
    advance();
}

/// The MTA connection that belongs to an authenticated client.
smtp::Login* Session::login() const {
    const bool has_login = server_.authenticated() && aside_ && aside_->authentication;
    return has_login ? aside_->authentication->login.get() : nullptr;
}

void Session::ask_mail() {
    if (is_health_check()) return refuse_mail_of_check();
    if (context_.draining) {
        record_.outcome = Outcome::shutdown;
        return server_.answer(shutting_down);
    }
    if (context_.memory.tight()) return put_off();
    reach(Stage::mail);
    check(Stage::mail);
}

void Session::begin_transaction() {
    transaction_ = std::make_unique<Transaction>();
    transaction_->record.began = context_.now();
    ++record_.transactions;
    server_.answer({250, "2.1.0 Ok"});
}

void Session::ask_recipient() {
    reach(Stage::rcpt);
    if (too_many_recipients()) return server_.answer(too_many_recipients_now);
    check(Stage::rcpt);
}

void Session::take_recipient() {
    if (observing() && case_.facts().greylist == judge::Greylist::waits)
        record_.would_be_greylisted = transaction_->record.would_be_greylisted = true;
    if (lane_ == policy::Lane::reject || lane_ == policy::Lane::defer)
        return judge_recipient(refusal_of_lane());
    put_recipient();
}

smtp::Answer Session::refusal_of_lane() const {
    smtp::Answer refusal;
    refusal.reply = policy::refusal(lane_, peer_.address, case_.signals());
    refusal.by = "policy";
    return refusal;
}

/// Asks the MTA about the recipient, unless the client has to come again first.
void Session::put_recipient() {
    if (is_greylisted() && !case_.named_good()) return refuse_for_now();
    if (const auto* const refusal = turned_away_by_mta(); refusal != nullptr && login() == nullptr)
        return judge_recipient(*refusal);
    auto question = std::make_unique<RecipientAsked>(*this, identity());
    question->envelope = &server_.envelope();
    question->recipient = &server_.recipient();
    question->fast_lane = lane_ == policy::Lane::fast;
    question->operators_own = case_.named_good();
    question->login = login();
    if (const auto answer = context_.surroundings.backend.recipients.verify(*question))
        return judge_recipient(*answer);
    transaction_->asked = std::move(question);
    transaction_->asked_at = context_.now();
    waiting_ = Waiting::recipient;
}

/// Whether the MTA would refuse further recipients when the message comes. This is no error of the client's:
/// it sends a long list in several transactions (RFC 5321 4.5.3.1.10).
bool Session::too_many_recipients() const {
    return server_.envelope().recipients.size() >=
           context_.surroundings.backend.recipients.recipients_max(sender_address());
}

/// The MTA's refusal of this client as such, if it still holds.
const smtp::Answer* Session::turned_away_by_mta() const {
    const bool refused = aside_ && aside_->refusal && context_.now() < aside_->refusal->until;
    return refused ? &aside_->refusal->answer : nullptr;
}

void Session::heed(const smtp::Answer& answer) {
    if (!answer.for_session || turned_away_by_mta() == &answer) return;
    if (!transaction_ && !answer.reply.permanent()) return;
    aside().refusal = std::make_unique<Refusal>(answer, context_.now() + refusal_time);
}

void Session::recipient_answered(const smtp::Answer& answer) {
    waiting_ = Waiting::nothing;
    context_.mta_took(context_.now() - transaction_->asked_at);
    judge_recipient(answer);
    transaction_->asked.reset();
    advance();
}

void Session::judge_recipient(const smtp::Answer& answer) {
    heed(answer);
    auto& transaction = transaction_->record;
    const smtp::Reply reply = without_421(answer.reply);
    const bool unknown = !reply.positive() && answer.unknown_recipient;
    context_.metrics().add(Metric::recipients, unknown ? MailResult::unknown : result_of(reply));
    if (reply.positive()) {
        ++record_.recipients_accepted;
    } else {
        ++record_.recipients_refused;
        ++transaction.recipients_refused;
        if (transaction.refused.size() < TransactionRecord::refused_named_max) {
            transaction.refused.push_back(
                {server_.recipient().address, reply.code, answer.by, answer.mta_reply, reply.text});
        }
        if (answer.unknown_recipient) {
            ++record_.unknown_recipients;
            note_unknown_recipient();
        }
    }
    server_.answer(reply);
}

void Session::ask_data() {
    if (context_.memory.tight()) return put_off();
    if (refused_since()) return server_.answer(refusal_of_lane().reply);
    reach(Stage::data);
    check(Stage::data);
}

void Session::begin_content() {
    if (!content_slow_) widen_window();  // the ACK of the reply announces it
    transaction_->record.content_began = context_.now();
    // A message that trickles in would occupy the shared memory for minutes.
    auto* shared = content_slow_ ? nullptr : &context_.spool_memory;
    transaction_->spool =
        std::make_unique<spool::Spool>(context_.surroundings.offload, context_.options.spool, shared);
    server_.answer({354, ""});
}

/// Refuses a command because memory is tight.
void Session::put_off() {
    context_.metrics().add(Metric::storage_refusals, StorageLack::memory);
    server_.answer(no_storage);
}

void Session::keep_content() {
    auto& spool = *transaction_->spool;
    transaction_->print.take(server_.content());
    spool.append(server_.content());
    if (!spool.full()) return;
    waiting_ = Waiting::disk;
    spool.on_settled([this] {
        waiting_ = Waiting::nothing;
        progress_ms_ = age_ms();
        advance();
    });
}

void Session::message_complete() {
    reach(Stage::message);
    transaction_->record.content_ended = context_.now();
    auto& spool = *transaction_->spool;
    spool.finish();
    if (!spool.busy()) return content_settled();
    waiting_ = Waiting::disk;
    spool.on_settled([this] {
        content_settled();
        advance();
    });
}

/// Goes on once the whole message is spooled, or the spool has failed.
void Session::content_settled() {
    if (transaction_->spool->failed()) {
        smtp::Answer refusal;
        refusal.reply = no_storage;
        refusal.by = "none";
        context_.metrics().add(Metric::storage_refusals, StorageLack::spool);
        return judge_delivery(refusal);
    }
    check(Stage::message);
}

void Session::message_checked() {
    if (refused_since()) return judge_delivery(refusal_of_lane());
    hand_over();
}

void Session::deliver() {
    waiting_ = Waiting::delivery;
    auto question = std::make_unique<DeliveryAsked>(*this, identity());
    question->envelope = &server_.envelope();
    question->message = transaction_->spool->view();
    question->fast_lane = lane_ == policy::Lane::fast;
    question->operators_own = case_.named_good();
    question->login = login();
    auto& asked = *question;
    transaction_->asked = std::move(question);
    context_.surroundings.backend.deliveries.deliver(asked);
    if (peer_closed_ && waiting_ == Waiting::delivery) note_under_way();
}

void Session::delivery_answered(const smtp::Answer& answer) {
    judge_delivery(answer);
    if (broken_) return end();
    advance();
}

void Session::judge_delivery(const smtp::Answer& answer) {
    waiting_ = Waiting::nothing;
    heed(answer);
    const smtp::Reply reply = without_421(answer.reply);
    context_.metrics().add(Metric::messages, result_of(reply));
    if (reply.positive()) ++record_.messages_accepted;
    // A refusal by the operator is no evidence against the client.
    if (!reply.positive() && !reply.transient() && answer.by != "policy") ++record_.messages_refused;
    settle_delivery(reply);
    transaction_ended(reply.positive() ? "delivered" : reply.transient() ? "deferred" : "refused", &answer);
    server_.answer(reply);
}

}  // namespace sluice::front
