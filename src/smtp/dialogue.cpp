#include "smtp/dialogue.hpp"

#include <algorithm>
#include <cassert>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "smtp/command_words.hpp"

namespace sluice::smtp {

namespace {

constexpr std::string_view line_end = "\r\n";

/// The server side lets no CR or LF into an address or a line of AUTH. If it ever did, a client could give
/// the MTA commands under another client's name, so they are checked once more. False: nothing was appended.
[[nodiscard]] bool append_checked(std::string& out, std::string_view text) {
    const bool clean = text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
    assert(clean);
    if (clean) out += text;
    return clean;
}

/// A client may call itself anything. Octets that could end the line or split the argument become '?', as in
/// Postfix's own headers, and so do octets that are not UTF-8, because Postfix refuses a line with them. The
/// name is the only argument, so quotes and brackets have nothing to swallow.
void append_name(std::string& out, std::string_view name) {
    constexpr std::size_t name_octets_max = 255;  // RFC 5321 4.5.3.1.2
    name = name.substr(0, name_octets_max);
    while (!name.empty()) {
        const std::size_t octets = utf8::sequence_octets(name);
        const bool plain = octets != 0 && name.front() != ' ' && !ascii::is_control(name.front());
        const std::size_t step = std::max<std::size_t>(octets, 1);
        if (plain) {
            out += name.substr(0, step);
        } else {
            out += '?';
        }
        name.remove_prefix(step);
    }
}

bool append_path(std::string& out, std::string_view command, std::string_view address,
                 std::string_view parameters, const Offer& offer) {
    const std::size_t path_at = out.size() + command.find('<');
    out += command;
    // Left out, it would make the null sender of it.
    if (!append_checked(out, address)) return false;
    out += '>';
    // Our grammar accepts nothing else, and the MTA must find the end of the path where we do.
    if (!is_one_path(std::string_view(out).substr(path_at))) return false;
    const std::size_t parameters_at = out.size();
    const bool carried = append_parameters(parameters, offer, out);
    assert(out.find_first_of("\r\n", parameters_at) == std::string::npos);
    out += line_end;
    return carried;
}

/// Whether the MTA closes the connection after this reply (RFC 5321 3.8, RFC 7504; Postfix does so after
/// both).
bool says_goodbye(const Reply& reply) {
    return reply.code == 421 || reply.code == 521;
}

/// True: with this refusal of XCLIENT the MTA greets the client that XCLIENT names, as Postfix does at once
/// when smtpd_delay_reject is off. 500 to 504 are about the command, and 550 5.7.0 is about us: "insufficient
/// authorization".
bool greets_with_refusal(const Reply& reply) {
    if (!reply.transient() && !reply.permanent()) return false;
    if (reply.code >= 500 && reply.code <= 504) return false;
    const std::string_view enhanced = enhanced_code(reply.text);
    return reply.code != 550 || (!enhanced.empty() && enhanced != "5.7.0");
}

}  // namespace

void Dialogue::begin(Task task) {
    assert(task_ == Task::none && (stage_ == Stage::idle || stage_ == Stage::fresh));
    task_ = task;
    replies_ = 0;
    reply_ = {};
    recipients_.clear();
    decided_ = Outcome::none;
    refused_at_ = replied_at_ = Stage::idle;
}

void Dialogue::open(std::string_view helo, Hop hop) {
    begin(Task::open);
    name_ = helo.empty() ? hostname_ : helo;
    hop_ = hop;
    stage_ = Stage::greeting;
}

void Dialogue::secured() {
    assert(stage_ == Stage::handshake);
    secure_ = true;
    ehlo_ = {};
    say_hello(true, name_);
    stage_ = Stage::ehlo;
}

void Dialogue::introduce(std::string_view xclient_lines, std::string_view helo, bool esmtp) {
    assert(!xclient_lines.empty());
    begin(Task::introduce);
    name_ = helo.empty() ? hostname_ : helo;
    esmtp_ = esmtp;
    waiting_ = xclient_lines;
    release_line();
    stage_ = Stage::xclient;
}

bool Dialogue::ask(const Envelope& envelope) {
    return start_group(Task::ask, envelope, "RSET\r\n");
}

bool Dialogue::deliver(const Envelope& envelope) {
    return start_group(Task::deliver, envelope, "DATA\r\n");
}

bool Dialogue::start_group(Task task, const Envelope& envelope, std::string_view last) {
    assert(output_.empty() && waiting_.empty() && !envelope.recipients.empty());
    std::string& group = pipelining_ ? output_ : waiting_;
    bool carried =
        append_path(group, "MAIL FROM:<", envelope.sender, envelope.sender_parameters, ehlo_.offer);
    for (const Recipient& recipient : envelope.recipients)
        carried =
            carried && append_path(group, "RCPT TO:<", recipient.address, recipient.parameters, ehlo_.offer);
    if (!carried) {
        group.clear();
        return false;
    }
    group += last;
    if (!pipelining_) release_line();
    begin(task);
    recipients_expected_ = envelope.recipients.size();
    stage_ = Stage::mail;
    return true;
}

/// Sends the next of the lines that must wait for the reply to the one before.
void Dialogue::release_line() {
    const std::size_t octets = waiting_.find('\n') + 1;
    output_.append(waiting_, 0, octets);
    waiting_.erase(0, octets);
}

void Dialogue::say_hello(bool esmtp, std::string_view name) {
    output_ += esmtp ? "EHLO " : "HELO ";
    append_name(output_, name);
    output_ += line_end;
}

void Dialogue::content_sent() {
    if (stage_ == Stage::content) stage_ = Stage::dot;
}

bool Dialogue::say(std::string_view line) {
    if (!append_checked(output_, line)) return false;
    output_ += line_end;
    begin(Task::say);
    stage_ = Stage::said;
    return true;
}

void Dialogue::quit() {
    begin(Task::quit);
    output_ += "QUIT\r\n";
    stage_ = Stage::quit;
}

Dialogue::Outcome Dialogue::receive(std::string_view octets) {
    while (usable()) {
        const ReplyParser::Result result = parser_.next(octets);
        if (result == ReplyParser::Result::more) return Outcome::none;
        if (result != ReplyParser::Result::reply) {
            const bool told = result == ReplyParser::Result::malformed && task_ != Task::none;
            if (told && decided_ == Outcome::none) note(parser_.reply());
            return lost();
        }
        ++replies_;
        const std::size_t unsent = output_.size();
        const Outcome outcome = take(parser_.reply());
        // The remaining octets would be taken for the reply to a command that the MTA has not received yet.
        if (output_.size() > unsent && !octets.empty()) return lost();
        if (outcome == Outcome::none) continue;
        if (octets.empty()) return outcome;
        // A task ends with its last reply. The octets behind it answer no command of ours.
        const bool decided = outcome != Outcome::opened && outcome != Outcome::introduced &&
                             outcome != Outcome::content && outcome != Outcome::start_tls;
        return finish(decided ? outcome : Outcome::lost);
    }
    return Outcome::none;
}

Dialogue::Outcome Dialogue::lost() {
    if (!usable()) return Outcome::none;
    return finish(decided_ == Outcome::none ? Outcome::lost : decided_);
}

Dialogue::Outcome Dialogue::take(const Reply& reply) {
    // At these stages a 421 may be about the client or the message, and the members below judge it.
    const bool answers_more = stage_ == Stage::xclient || stage_ == Stage::dot || stage_ == Stage::content;
    if (reply.code == 421 && !answers_more) {
        // 421 means "shutting down", whatever the command was (RFC 5321 3.8).
        if (task_ != Task::none && decided_ == Outcome::none) note(reply);
        return lost();
    }
    switch (stage_) {
        case Stage::greeting: return take_greeting(reply);
        case Stage::ehlo:
        case Stage::helo:
        case Stage::introduction: return take_hello(reply);
        case Stage::starttls: return take_starttls(reply);
        case Stage::xclient: return take_xclient(reply);
        case Stage::mail: return take_mail(reply);
        case Stage::recipient: return take_recipient(reply);
        case Stage::data: return take_data(reply);
        case Stage::rset: return take_rset(reply);
        case Stage::content:
        case Stage::dot: return take_final(reply);
        case Stage::said: note(reply); return settle(Outcome::answered);
        case Stage::fresh:
        case Stage::handshake:
        case Stage::idle:
        case Stage::quit:
        case Stage::finished: break;
    }
    return finish(Outcome::lost);
}

Dialogue::Outcome Dialogue::take_greeting(const Reply& reply) {
    if (reply.code != 220) return give_up(reply);
    greeting_host_ = reply.text.substr(0, reply.text.find_first_of(" \n"));
    say_hello(true, name_);
    stage_ = Stage::ehlo;
    return Outcome::none;
}

Dialogue::Outcome Dialogue::take_hello(const Reply& reply) {
    if (reply.positive()) return take_hello_accepted(reply);
    if (stage_ == Stage::ehlo && reply.permanent()) {
        say_hello(false, name_);
        stage_ = Stage::helo;
        return Outcome::none;
    }
    const bool refused = stage_ == Stage::introduction && (reply.transient() || reply.permanent());
    return give_up(reply, refused ? Outcome::helo_refused : Outcome::lost);
}

Dialogue::Outcome Dialogue::take_hello_accepted(const Reply& reply) {
    const bool ehlo = stage_ == Stage::ehlo || (stage_ == Stage::introduction && esmtp_);
    EhloReply parsed =
        parse_ehlo_reply(ehlo ? reply.text : std::string_view(reply.text).substr(0, reply.text.find('\n')));
    if (!secure_ && !hop_.local) parsed.offer.remove(Extension::requiretls);
    // A HELO reply lists no extensions, which does not mean that the MTA has none. But it has not offered
    // PIPELINING to this client, and Postfix refuses pipelining from clients to which it was not offered.
    pipelining_ = ehlo && parsed.offer.has(Extension::pipelining);
    if (ehlo || stage_ == Stage::helo) ehlo_ = std::move(parsed);
    if (stage_ == Stage::introduction) return settle(Outcome::introduced);
    if (secure_ || hop_.starttls == StartTls::never) return settle(Outcome::opened);
    if (ehlo_.offer.has(Extension::starttls)) {
        output_ += "STARTTLS\r\n";
        stage_ = Stage::starttls;
        return Outcome::none;
    }
    return hop_.starttls == StartTls::must ? finish(Outcome::tls_refused) : settle(Outcome::opened);
}

Dialogue::Outcome Dialogue::take_starttls(const Reply& reply) {
    if (reply.code == 220) {
        stage_ = Stage::handshake;
        return Outcome::start_tls;
    }
    if (hop_.starttls == StartTls::may && (reply.transient() || reply.permanent()))
        return settle(Outcome::opened);
    return give_up(reply, Outcome::tls_refused);
}

Dialogue::Outcome Dialogue::take_xclient(const Reply& reply) {
    if (reply.code != 220)
        return give_up(reply,
                       greets_with_refusal(reply) ? Outcome::client_refused : Outcome::identity_refused);
    if (!waiting_.empty()) {
        release_line();
        return Outcome::none;
    }
    say_hello(esmtp_, name_);
    stage_ = Stage::introduction;
    return Outcome::none;
}

Dialogue::Outcome Dialogue::take_mail(const Reply& reply) {
    if (reply.intermediate()) return give_up(reply);
    // The MTA is in a transaction that this client has not begun.
    if (reply.code == 503) return give_up(reply, Outcome::out_of_step);
    if (!reply.positive()) {
        refuse(reply, Stage::mail);
        if (!pipelining_) {
            reset_transaction();
            return Outcome::none;
        }
    }
    stage_ = Stage::recipient;
    if (!pipelining_) release_line();
    return Outcome::none;
}

Dialogue::Outcome Dialogue::take_recipient(const Reply& reply) {
    if (reply.intermediate()) return give_up(reply);
    recipients_.push_back(reply);
    // When we only ask, the refusal of one recipient decides nothing for the others.
    if (task_ == Task::deliver && !reply.positive()) refuse(reply, Stage::recipient);
    if (recipients_.size() < recipients_expected_) {
        // The MTA closes now, and will not answer for the other recipients.
        if (task_ == Task::ask && decided_ == Outcome::none && says_goodbye(reply)) return give_up(reply);
        if (!pipelining_) release_line();
        return Outcome::none;
    }
    if (task_ == Task::ask) return take_last_asked();
    if (!pipelining_ && decided_ != Outcome::none) {
        reset_transaction();
        return Outcome::none;
    }
    stage_ = Stage::data;
    if (!pipelining_) release_line();
    return Outcome::none;
}

Dialogue::Outcome Dialogue::take_last_asked() {
    const Reply& last = recipients_.back();
    if (!last.positive()) refuse(last, Stage::recipient);
    if (decided_ == Outcome::none) {
        note(last);
        decided_ = Outcome::verified;
    }
    if (pipelining_) {
        stage_ = Stage::rset;
    } else {
        reset_transaction();
    }
    return Outcome::none;
}

Dialogue::Outcome Dialogue::take_data(const Reply& reply) {
    if (reply.code == 354) {
        if (decided_ == Outcome::none) {
            stage_ = Stage::content;
            return Outcome::content;
        }
        // The MTA waits for a message to the recipients that it accepted. Any dot now would deliver an empty
        // message to some of the recipients; only closing the connection takes the transaction back.
        return finish(decided_);
    }
    const bool refused = reply.transient() || reply.permanent();
    if (decided_ != Outcome::none && !refused) return finish(decided_);
    if (!refused) return give_up(reply);
    if (decided_ == Outcome::none && reply.code == 503) return give_up(reply, Outcome::out_of_step);
    refuse(reply, Stage::data);
    reset_transaction();
    return Outcome::none;
}

Dialogue::Outcome Dialogue::take_rset(const Reply& reply) {
    if (!reply.positive()) return finish(decided_);
    return settle(decided_);
}

Dialogue::Outcome Dialogue::take_final(const Reply& reply) {
    const bool after_dot = stage_ == Stage::dot;
    const bool taken = after_dot && reply.positive();
    // Before the dot such a reply answers no command of ours.
    if (!taken && !reply.transient() && !reply.permanent())
        return after_dot ? give_up(reply) : finish(Outcome::lost);
    note(reply);
    refused_at_ = stage_;
    if (taken) return settle(Outcome::delivered);
    // The message was refused before the dot: the MTA still waits for the dot, or has closed.
    if (!after_dot || says_goodbye(reply)) return finish(Outcome::refused);
    decided_ = Outcome::refused;
    reset_transaction();
    return Outcome::none;
}

void Dialogue::note(const Reply& reply) {
    reply_ = reply;
    replied_at_ = stage_;
}

/// Notes the reply and finishes: after it the connection is of no use.
Dialogue::Outcome Dialogue::give_up(const Reply& reply, Outcome outcome) {
    note(reply);
    return finish(outcome);
}

/// Notes a refusal; the first one decides. (After a refused MAIL the MTA refuses the rest with 503.)
void Dialogue::refuse(const Reply& reply, Stage at) {
    if (decided_ != Outcome::none) return;
    note(reply);
    refused_at_ = at;
    decided_ = task_ == Task::ask ? Outcome::verified : Outcome::refused;
}

void Dialogue::reset_transaction() {
    waiting_.clear();
    output_ += "RSET\r\n";
    stage_ = Stage::rset;
}

Dialogue::Outcome Dialogue::settle(Outcome outcome) {
    stage_ = Stage::idle;
    task_ = Task::none;
    decided_ = Outcome::none;
    return outcome;
}

Dialogue::Outcome Dialogue::finish(Outcome outcome) {
    stage_ = Stage::finished;
    task_ = Task::none;
    waiting_.clear();
    output_.clear();
    return outcome;
}

}  // namespace sluice::smtp
