#include "relay/recipient_check.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "relay/answer_class.hpp"
#include "relay/pool.hpp"
#include "relay/wording.hpp"

namespace sluice::relay {

namespace {

using Holds = RecipientCheck::Holds;

/// The clients for which a reply to the RCPT at this place of a transaction holds.
Holds holds(const smtp::Reply& reply, std::size_t place) {
    if (says_known(reply) || says_unknown(reply)) return Holds::for_good;
    // An MTA may have reached its limit with the recipients before ("452 4.5.3 Too many recipients"), which
    // is not about this one.
    return place == 0 ? Holds::for_own : Holds::for_none;
}

}  // namespace

RecipientCheck::RecipientCheck(Owner& owner, std::string_view hostname,
                               const smtp::RecipientQuestion& question, std::string client_key)
    : owner_(owner),
      hostname_(hostname),
      client_(*question.client),
      hearer_(Hearer::of(question)),
      client_key_(std::move(client_key)) {
    envelope_.sender = question.envelope->sender;
    envelope_.sender_parameters = question.envelope->sender_parameters;
    fast_lane = question.fast_lane;
}

RecipientCheck::~RecipientCheck() {
    for (const Asked& asked : asked_) {
        for (const Waiting& waiting : asked.waiting)
            drop(*waiting.question);
    }
}

void RecipientCheck::add(smtp::RecipientQuestion& question, std::string key, std::string own_key,
                         bool joinable) {
    assert(stage_ != Stage::over);
    envelope_.recipients.push_back(*question.recipient);
    asked_.push_back({.key = std::move(key),
                      .own_key = std::move(own_key),
                      .joinable = joinable,
                      .waiting = {{&question, true}},
                      .found = {}});
    take(question);
}

void RecipientCheck::join(smtp::RecipientQuestion& question, std::string_view own_key, bool own) {
    const auto asked = std::ranges::find(asked_, own_key, &Asked::own_key);
    assert(asked != asked_.end());
    asked->waiting.push_back({&question, own});
    take(question);
}

void RecipientCheck::requested() {
    disarm();
    stage_ = Stage::requested;
}

void RecipientCheck::begin(Connection& connection) {
    owner_.begun(*this);
    connection_age_ = connection.age();
    if (connection.dialogue().ask(envelope_)) {
        connection.send();
        return;
    }
    find_all(answer_of(unfit(connection)), asked_.size() == 1 ? Holds::for_own : Holds::for_none);
    owner_.ended(*this);
}

void RecipientCheck::reached(Connection& connection, smtp::Dialogue::Outcome) {
    const smtp::Dialogue& dialogue = connection.dialogue();
    if (dialogue.refused_at() == smtp::Dialogue::Stage::mail) {
        // The reply says nothing about the recipients, whatever its code.
        find_all(answer_of(connection, dialogue.reply(), hostname_, &client_), Holds::for_own);
    } else {
        for (std::size_t i = 0; i < asked_.size(); ++i) {
            const smtp::Reply& reply = dialogue.recipients()[i];
            Finding& found = asked_[i].found;
            found.holds = holds(reply, i);
            const bool for_good = found.holds == Holds::for_good;
            found.remembered = connection_age_ <= Connection::remembered_age_max;
            const bool outdated = says_unknown(reply) && connection_age_ > Connection::young_time;
            if (outdated && !young_only) found.holds = Holds::for_now;
            found.answer = answer_of(connection, reply, hostname_, for_good ? nullptr : &client_);
            found.answer.unknown_recipient = says_unknown(reply);
        }
    }
    owner_.ended(*this);
}

void RecipientCheck::failed(const Failure& failure) {
    Holds holds = Holds::for_own;
    if (failure.mta.empty()) {
        holds = Holds::for_all;  // the MTA was asked nothing
    } else if (!failure.for_session && asked_.size() > 1) {
        // An MTA may close the connection because of one recipient too many.
        holds = Holds::for_none;
    }
    find_all(answer_of(failure), holds);
    owner_.ended(*this);
}

void RecipientCheck::tell() {
    for (Asked& asked : asked_) {
        while (!asked.waiting.empty()) {
            smtp::Question& question = *asked.waiting.front().question;
            asked.waiting.erase(asked.waiting.begin());
            answer(question, asked.found.answer);
        }
    }
}

void RecipientCheck::find_all(const smtp::Answer& answer, Holds holds) {
    for (Asked& asked : asked_)
        asked.found = {.answer = answer, .holds = holds};
}

void RecipientCheck::withdrawn(smtp::Question& question) {
    for (Asked& asked : asked_)
        std::erase_if(asked.waiting, [&](const Waiting& each) { return each.question == &question; });
    // A check in progress continues, and leaves a clean connection and answers to remember.
    if (Pool::leased(*this) || stage_ == Stage::over) return;
    if (std::ranges::all_of(asked_, [](const Asked& asked) { return asked.waiting.empty(); }))
        owner_.ended(*this);
}

}  // namespace sluice::relay
