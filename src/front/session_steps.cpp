// What the SMTP state machine asks of a session: the policy, the backend, the spool, the log.
#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/format.h>
#include <span>

#include "front/session.hpp"
#include "front/transaction.hpp"
#include "net/log_writer.hpp"
#include "wire/proxy_protocol.hpp"

namespace sluice::front {

namespace {

constexpr std::array<std::string_view, 7> ended_by_names{"rset",    "helo",         "quit",  "refused",
                                                         "too_big", "bare_newline", "limits"};

const smtp::Reply shutting_down{421, "4.3.2 Service shutting down"};

std::string_view name_of(smtp::EndedBy reason) {
    return ended_by_names.at(static_cast<std::size_t>(reason));
}

/// "; listed by zen.example.org": which lists speak against the client, so that an honest sender knows where
/// to ask.
std::string listed_by(std::span<const policy::Signal> signals) {
    std::string text;
    for (const auto& signal : signals) {
        if (signal.name != "dnsbl") continue;
        text += text.empty() ? "; listed by " : ", ";
        text += signal.what;
    }
    return text;
}

/// A reply of the MTA that would end the client's session ends only what it was about: the MTA closes its own
/// connection with 421 (RFC 5321 3.8), not ours.
smtp::Reply without_421(smtp::Reply reply) {
    if (reply.code == 421) reply.code = 451;
    return reply;
}

}  // namespace

bool Session::begin() {
    if (!watch()) return false;
    net::hold_receive_window(fd_.get());
    if (behind_proxy()) {
        waiting_ = Waiting::proxy_header;
        arm_timer();
    } else {
        introduce();
    }
    return true;
}

bool Session::behind_proxy() const {
    const auto contains = [this](const Network& network) { return network.contains(peer_.address); };
    return std::ranges::any_of(context_.options.proxy_protocol.networks, contains);
}

/// Takes the header a trusted proxy begins with, and nothing else, once it is whole.
void Session::take_proxy_header() {
    auto& scratch = context_.scratch;
    const auto peeked = net::peek_some(fd_.get(), scratch.data(), wire::proxy_header_octets_max);
    if (peeked == net::io_would_block) return arm_timer();
    if (peeked <= 0) return end();
    const auto header = wire::decode_proxy_header({scratch.data(), static_cast<std::size_t>(peeked)});
    switch (header.status) {
        case wire::ProxyDecoded::Status::more: return peer_closed_ ? end() : arm_timer();
        case wire::ProxyDecoded::Status::malformed:
            note({"proxy_header", "malformed", "", 0});
            record_.outcome = Outcome::refused;
            return end();
        case wire::ProxyDecoded::Status::done: break;
    }
    (void)net::read_some(fd_.get(), scratch.data(), header.octets);
    if (header.addresses) peer_ = {header.addresses->source, header.addresses->source_port};
    waiting_ = Waiting::nothing;
    introduce();
}

/// Who the client is is known.
void Session::introduce() {
    counted_ = true;
    if (!context_.has_room_for(peer_.address)) {
        server_.greet({421, "4.7.0 Too many connections from your address"});
        return advance();
    }
    const auto& policy = context_.options.policy;
    const unsigned unknown = context_.unknown_recipients.count(peer_.address, context_.now());
    if (const unsigned limit = policy.unknown_recipients.slow_after; limit > 0 && unknown >= limit) {
        note({"unknown_recipients", "", std::to_string(unknown), policy.unknown_recipients.weight});
    }
    const bool ask_lists = !network();  // who is on our own list is not asked about
    if (Admission::needed(policy, context_.surroundings.resolver, ask_lists)) {
        waiting_ = Waiting::admission;
        admission_ = std::make_unique<Admission>(context_.loop(), *context_.surroundings.resolver, policy,
                                                 ask_lists, peer_.address,
                                                 [this](Admission::Findings& found) { admitted(found); });
    } else {
        greet();
    }
}

void Session::admitted(Admission::Findings& found) {
    waiting_ = Waiting::nothing;
    for (auto& signal : found.signals)
        note(std::move(signal));
    if (!found.name.empty()) findings().name = std::move(found.name);
    admission_.reset();
    greet();
}

void Session::note(policy::Signal signal) {
    findings().signals.push_back(std::move(signal));
}

/// What is known about the client beyond its address: most have nothing, and keep nothing.
Admission::Findings& Session::findings() {
    if (!found_) found_ = std::make_unique<Admission::Findings>();
    return *found_;
}

std::span<const policy::Signal> Session::signals() const {
    return found_ ? std::span<const policy::Signal>(found_->signals) : std::span<const policy::Signal>();
}

std::string_view Session::name() const {
    return found_ ? std::string_view(found_->name) : std::string_view();
}

/// Looked up when it is wanted: it costs less than it would to keep.
std::optional<policy::NetworkTable::Match> Session::network() const {
    return context_.options.policy.networks.find(peer_.address);
}

void Session::greet() {
    judge();
    server_.greet({220, context_.options.server.hostname + " ESMTP"});
    advance();
}

policy::Verdict Session::verdict() const {
    const auto& policy = context_.options.policy;
    const auto match = network();
    return policy::judge(match ? std::optional(match->lane) : std::nullopt, signals(), policy.thresholds,
                         policy.default_lane);
}

void Session::judge() {
    lane_ = verdict().lane;
    if (lane_ == policy::Lane::slow) {
        pace_.slow_down(context_.pace, context_.now());
    } else {
        pace_.speed_up();
    }
}

/// Lets the state machine go on until it needs more input (true), or something else has to happen first.
bool Session::run(std::string_view& input) {
    while (waiting_ == Waiting::nothing && !closing_ && !output_pending()) {
        const smtp::Step step = server_.next(input, context_.hello());
        if (step == smtp::Step::start_tls) {
            // What came behind STARTTLS came from anybody on the way, and must not be taken for the client's
            // own words under TLS (CVE-2011-0411).
            input = {};
            waiting_ = Waiting::handshake;
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

void Session::take(smtp::Step step) {
    switch (step) {
        case smtp::Step::need_input:
        case smtp::Step::start_tls: break;
        case smtp::Step::ask_starttls: ask_starttls(); break;
        case smtp::Step::reply: queue_reply(); break;
        case smtp::Step::ask_helo:
            reach(Stage::helo);
            server_.answer({250, ""});
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
    if (pace_.slow() && context_.output.empty()) {
        sending_ = server_.reply_wire();
    } else {
        context_.output.append(server_.reply_wire());
    }
}

void Session::ask_starttls() {
    const auto& options = context_.options.tls;
    const bool too_many = pace_.slow() && context_.tls_sessions >= options.slow_sessions_max;
    const bool too_often =
        options.handshakes_per_client_max != 0 &&
        context_.handshakes.add(peer_.address, context_.now()) > options.handshakes_per_client_max;
    if (too_many || too_often) return server_.answer({454, "4.7.0 TLS not available now"});
    server_.answer({220, ""});
}

void Session::ask_mail() {
    if (context_.draining) {
        record_.outcome = Outcome::shutdown;
        return server_.answer(shutting_down);
    }
    reach(Stage::mail);
    transaction_ = std::make_unique<Transaction>();
    transaction_->record.began = context_.now();
    ++record_.transactions;
    server_.answer({250, "2.1.0 Ok"});
}

void Session::ask_recipient() {
    reach(Stage::rcpt);
    if (lane_ == policy::Lane::reject || lane_ == policy::Lane::defer) {
        const bool reject = lane_ == policy::Lane::reject;
        smtp::Answer refusal;
        refusal.reply = {
            reject ? 550 : 450,
            fmt::format("{}.7.1 Client host [{}] {}{}", reject ? 5 : 4, peer_.address.to_string(),
                        reject ? "refused" : "deferred, try again later", listed_by(signals()))};
        refusal.by = "policy";
        return judge_recipient(refusal);
    }
    auto question = std::make_unique<RecipientAsked>(*this, identity());
    question->envelope = &server_.envelope();
    question->recipient = &server_.recipient();
    question->fast_lane = lane_ == policy::Lane::fast;
    if (const auto answer = context_.surroundings.backend.verify(*question)) return judge_recipient(*answer);
    transaction_->asked = std::move(question);
    waiting_ = Waiting::recipient;
}

void Session::recipient_answered(const smtp::Answer& answer) {
    waiting_ = Waiting::nothing;
    judge_recipient(answer);
    transaction_->asked.reset();
    advance();
}

void Session::judge_recipient(const smtp::Answer& answer) {
    auto& transaction = transaction_->record;
    const smtp::Reply reply = without_421(answer.reply);
    if (reply.positive()) {
        ++record_.recipients_accepted;
    } else {
        ++record_.recipients_refused;
        ++transaction.recipients_refused;
        if (transaction.refused.size() < TransactionRecord::refused_named_max) {
            transaction.refused.push_back({server_.recipient().address, reply.code, answer.by});
        }
        if (answer.unknown_recipient) note_unknown_recipient();
    }
    server_.answer(reply);
}

void Session::note_unknown_recipient() {
    const auto& options = context_.options.policy.unknown_recipients;
    const unsigned count = context_.unknown_recipients.add(peer_.address, context_.now());
    if (options.slow_after == 0 || count < options.slow_after) return;
    const auto is_count = [](const policy::Signal& signal) { return signal.name == "unknown_recipients"; };
    auto& known = findings().signals;
    if (const auto same = std::ranges::find_if(known, is_count); same != known.end()) {
        same->value = std::to_string(count);
        return;
    }
    note({"unknown_recipients", "", std::to_string(count), options.weight});
    judge();
}

void Session::ask_data() {
    reach(Stage::data);
    if (!pace_.slow()) widen_window();  // the reply carries the news
    transaction_->record.content_began = context_.now();
    // Who trickles would keep what all share for minutes.
    auto* shared = pace_.slow() ? nullptr : &context_.spool_memory;
    transaction_->spool =
        std::make_unique<net::Spool>(context_.surroundings.offload, context_.options.spool, shared);
    server_.answer({354, ""});
}

void Session::keep_content() {
    auto& spool = *transaction_->spool;
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
    if (!spool.busy()) return deliver();
    waiting_ = Waiting::disk;
    spool.on_settled([this] {
        deliver();
        advance();
    });
}

void Session::deliver() {
    waiting_ = Waiting::delivery;
    if (transaction_->spool->failed()) {
        smtp::Answer refusal;
        refusal.reply = {452, "4.3.1 Insufficient system storage"};
        refusal.by = "none";
        return judge_delivery(refusal);
    }
    auto question = std::make_unique<DeliveryAsked>(*this, identity());
    question->envelope = &server_.envelope();
    question->message = transaction_->spool->view();
    question->fast_lane = lane_ == policy::Lane::fast;
    auto& asked = *question;
    transaction_->asked = std::move(question);
    context_.surroundings.backend.deliver(asked);
}

/// The client as the MTA is to see it.
smtp::ClientIdentity Session::identity() const {
    if (forwarded_) return server_.forwarded();
    return {.address = peer_.address,
            .port = peer_.port,
            .name = std::string(name()),
            .helo = server_.helo(),
            .esmtp = server_.esmtp(),
            .secure = server_.secure()};
}

void Session::delivery_answered(const smtp::Answer& answer) {
    judge_delivery(answer);
    advance();
}

void Session::judge_delivery(const smtp::Answer& answer) {
    waiting_ = Waiting::nothing;
    const smtp::Reply reply = without_421(answer.reply);
    if (reply.positive()) ++record_.messages_accepted;
    transaction_ended(reply.positive() ? "delivered" : reply.transient() ? "deferred" : "refused", &answer);
    server_.answer(reply);
}

/// Writes the transaction's log line and forgets it.
void Session::transaction_ended(std::string_view outcome, const smtp::Answer* answer) {
    if (!transaction_) return;
    auto& line = context_.log_line;
    line.clear();
    const TransactionEnd end{
        .outcome = outcome, .answer = answer, .octets = server_.content_octets(), .now = context_.now()};
    append_transaction_line(context_.surroundings.log_format, line, std::chrono::system_clock::now(),
                            facts_for_log(), server_.envelope(), transaction_->record, end);
    context_.surroundings.log.write(line);
    transaction_.reset();
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
    append_session_line(context_.surroundings.log_format, line, std::chrono::system_clock::now(),
                        facts_for_log(), record_);
    context_.surroundings.log.write(line);
}

/// Refers to this session and to Context::log_signals.
SessionFacts Session::facts_for_log() const {
    auto& signals = context_.log_signals;
    signals.clear();
    if (const auto match = network()) signals.push_back({"network", match->text, "", 0});
    signals.insert(signals.end(), this->signals().begin(), this->signals().end());
    const bool left = record_.outcome == Outcome::left && left_ms_ != 0;
    const Millis lasted{left ? left_ms_ : age_ms()};
    return {.session = {context_.instance, number_},
            .client = peer_,
            .name = name(),
            .helo = server_.helo(),
            .lane = lane_,
            .score = verdict().score,
            .signals = signals,
            .lasted = lasted,
            .held = std::min(pace_.held(), lasted),
            .tls = server_.secure() ? std::optional(tls_.facts()) : std::nullopt};
}

}  // namespace sluice::front
