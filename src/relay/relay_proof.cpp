#include "relay/relay_proof.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "smtp/foreign_recipient.hpp"

namespace sluice::relay {

namespace {

using Outcome = smtp::Dialogue::Outcome;

constexpr int going_down = 421;  // says nothing about the question

bool is_refusal(const smtp::Reply& reply) {
    return (reply.transient() || reply.permanent()) && reply.code != going_down;
}

/// True: the dialogue ended at a line that is not a reply; see ReplyParser::reply().
bool is_garbled(const smtp::Reply& reply) {
    return reply.code == 0 && !reply.text.empty();
}

}  // namespace

const smtp::ClientIdentity& proof_stranger() {
    static const smtp::ClientIdentity stranger{.address = IpAddress::v4({203, 0, 113, 25}),
                                               .port = 25,
                                               .name = "sluice-check.example",
                                               .helo = "[203.0.113.25]",
                                               .esmtp = true};
    return stranger;
}

const smtp::Envelope& proof_envelope() {
    static const smtp::Envelope envelope = [] {
        smtp::Envelope made;
        for (const std::string_view recipient : smtp::foreign_recipients)
            made.recipients.push_back({std::string(recipient), {}});
        return made;
    }();
    return envelope;
}

RelayProof::RelayProof(Carry carry, bool asks) : as_stranger_(carry == Carry::proxy) {
    std::size_t count = 0;
    if (asks) steps_.at(count++) = Step::ask;
    if (carry != Carry::xclient) return;
    steps_.at(count++) = Step::introduce;
    if (asks) steps_.at(count) = Step::ask;
}

void RelayProof::heard(Outcome outcome, const smtp::Dialogue& dialogue) {
    if (next() == Step::introduce) {
        heard_introduction(outcome, dialogue);
    } else {
        heard_answer(outcome, dialogue);
    }
}

void RelayProof::heard_answer(Outcome outcome, const smtp::Dialogue& dialogue) {
    const auto& replies = dialogue.recipients();
    const auto yes = std::ranges::find_if(replies, &smtp::Reply::positive);
    if (yes != replies.end()) {
        const auto at = static_cast<std::size_t>(yes - replies.begin());
        taken_ = fmt::format("from {} for <{}>: {} {}", as_stranger_ ? "a stranger" : "Sluice itself",
                             proof_envelope().recipients.at(at).address, yes->code, yes->text);
        return end(Finding::relays);
    }
    if (is_garbled(dialogue.reply())) return end(Finding::garbled);
    if (outcome != Outcome::verified && !is_refusal(dialogue.reply())) return end(Finding::unheard);
    refused(dialogue.reply());
    for (const smtp::Reply& reply : replies)
        refused(reply);
    if (!dialogue.usable()) return end(Finding::refuses);
    ++step_;
}

/// An MTA that refuses to be told of the stranger takes no mail from it.
void RelayProof::heard_introduction(Outcome outcome, const smtp::Dialogue& dialogue) {
    if (outcome == Outcome::introduced) {
        as_stranger_ = true;
        offered_ = dialogue.ehlo();
        ++step_;
        return;
    }
    if (is_garbled(dialogue.reply())) return end(Finding::garbled);
    if (!is_refusal(dialogue.reply())) return end(Finding::unheard);
    refused(dialogue.reply());
    end(Finding::refuses);
}

/// X.7.z is about security or policy (RFC 3463 3.8): Debian's Postfix answers 454 4.7.1 permanently.
void RelayProof::refused(const smtp::Reply& reply) {
    const bool policy = smtp::enhanced_code(reply.text).starts_with("4.7.");
    settled_ = settled_ && (reply.permanent() || policy);
}

void RelayProof::end(Finding finding) {
    finding_ = finding;
    step_ = steps_.size();
}

bool Trust::due(Instant now, const smtp::EhloReply& offered) const {
    if (!proved_at_ || now >= good_until_) return true;
    return offers_otherwise(offered) && now - *proved_at_ >= apart_min;
}

void Trust::proved(Instant now, Seconds life, bool settled, const smtp::EhloReply& offered) {
    proved_at_ = now;
    good_until_ = now + (settled ? life : std::min(life, unsettled_max));
    offered_ = offered;
    unheard_ = 0;
    distrust_ = Distrust::none;
}

void Trust::lost(Distrust why, Instant now) {
    distrust_ = why;
    lost_at_ = now;
    unheard_ = 0;
    proved_at_.reset();
}

}  // namespace sluice::relay
