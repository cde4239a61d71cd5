#include "relay/ending.hpp"

#include <algorithm>

#include "relay/answer_class.hpp"

namespace sluice::relay {

namespace {

using Outcome = smtp::Dialogue::Outcome;
using Stage = smtp::Dialogue::Stage;

const smtp::Reply connection_lost{451,
                                  "4.4.2 Lost the connection to the mail server, please try again later"};
const smtp::Reply timed_out{.code = 451,
                            .text = "4.4.2 The mail server does not answer, please try again later"};
const smtp::Reply outcome_unknown{451,
                                  "4.4.2 Lost the connection to the mail server after the message was sent"};
const smtp::Reply identity_refused{.code = 451,
                                   .text = "4.3.0 The mail server would not hear who the client is"};
const smtp::Reply out_of_step{.code = 451,
                              .text = "4.3.0 The mail server lost its place, please try again later"};

const smtp::Reply recipient_refused{.code = 451,
                                    .text = "4.3.0 The mail server refused a recipient, please try again"};
const smtp::Reply too_many{.code = 451,
                           .text = "4.5.3 The mail server takes fewer recipients at once, please try again"};

const smtp::Reply no_authentication{.code = 454, .text = "4.7.0 Temporary authentication failure"};
const smtp::Reply login_lost{421, "4.4.2 Lost the connection to the mail server, please connect again"};

std::string_view command_at(Stage at) {
    switch (at) {
        case Stage::greeting: return "the connection";
        case Stage::ehlo:
        case Stage::introduction: return "EHLO";
        case Stage::helo: return "HELO";
        case Stage::starttls: return "STARTTLS";
        case Stage::xclient: return "XCLIENT";
        case Stage::mail: return "MAIL FROM";
        case Stage::recipient: return "RCPT TO";
        case Stage::rset: return "RSET";
        case Stage::data: return "DATA";
        case Stage::content: return "the message, before its end";
        case Stage::dot: return "the message";
        case Stage::said: return "AUTH";
        case Stage::quit: return "QUIT";
        case Stage::fresh:
        case Stage::handshake:
        case Stage::idle:
        case Stage::finished: break;
    }
    return {};
}

}  // namespace

bool says_goodbye(int code) {
    return code == 421 || code == 521;
}

bool may_ask_again(const Ending& ending) {
    if (ending.content_begun || ending.timed_out) return false;
    switch (ending.outcome) {
        // The MTA's transaction was open before this client came.
        case Outcome::out_of_step: return true;
        case Outcome::helo_refused: return false;
        // The MTA may have sent the 421 earlier, because the connection was idle.
        case Outcome::client_refused: return ending.may_be_stale && ending.code == 421;
        default: return ending.may_be_stale;
    }
}

Sentence sentence_on(const Ending& ending) {
    if (ending.dot_sent) return {.ours = &outcome_unknown};
    if (ending.timed_out) return {.ours = &timed_out};
    switch (ending.outcome) {
        case Outcome::identity_refused:
            return {.ours = &identity_refused, .about_client = true, .for_session = true};
        case Outcome::client_refused:
        case Outcome::helo_refused: return {.ours = nullptr, .about_client = true, .for_session = true};
        case Outcome::out_of_step: return {.ours = &out_of_step};
        default: break;
    }
    if (says_goodbye(ending.code)) return {.ours = nullptr, .about_client = true};
    return {.ours = &connection_lost};
}

Sentence sentence_on_login(const Ending& ending, bool authenticating) {
    const Sentence sentence = sentence_on(ending);
    const bool others = ending.outcome == Outcome::identity_refused || sentence.ours != nullptr;
    if (!others) return sentence;
    return {.ours = authenticating ? &no_authentication : &login_lost,
            .about_client = sentence.about_client,
            .for_session = sentence.for_session};
}

const smtp::Reply* sentence_on_recipients(std::span<const smtp::Reply> replies, std::size_t recipients) {
    if (std::ranges::any_of(replies, says_too_many)) return &too_many;
    const bool all_for_good =
        replies.size() == recipients && std::ranges::all_of(replies, &smtp::Reply::permanent);
    return all_for_good ? nullptr : &recipient_refused;
}

std::string said(const smtp::Reply& reply, Stage at, std::string_view recipient) {
    if (reply.code == 0 && reply.text.empty()) return {};
    std::string where = command_at(at).empty() ? " (unasked" : " (in reply to ";
    where += command_at(at);
    if (!recipient.empty()) {
        where += ":<";
        where += recipient;
        where += '>';
    }
    where += ')';
    where.resize(std::min(where.size(), said_octets_max / 2));
    std::string words = reply.code == 0 ? std::string() : std::to_string(reply.code) + ' ';
    words.append(reply.text, 0, said_octets_max - where.size() - words.size());
    return words + where;
}

}  // namespace sluice::relay
