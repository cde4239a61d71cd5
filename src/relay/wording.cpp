#include "relay/wording.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "relay/scrub.hpp"

namespace sluice::relay {

const smtp::Reply unfit_mta{.code = 451, .text = "4.3.3 The mail server cannot take this message now"};

smtp::Reply scrubbed(Connection& connection, const smtp::Reply& reply, std::string_view hostname,
                     const smtp::ClientIdentity* client) {
    const smtp::Dialogue& dialogue = connection.dialogue();
    const std::array<std::string_view, 2> hosts{dialogue.greeting_host(), dialogue.ehlo().host};
    const std::optional<IpAddress> known = client == nullptr ? std::nullopt : std::optional(client->address);
    return {.code = reply.code == 421 ? 451 : reply.code,
            .text = scrub(reply.text, {.hosts = hosts, .replacement = hostname, .client = known})};
}

smtp::Answer answer_of(Connection& connection, const smtp::Reply& reply, std::string_view hostname,
                       const smtp::ClientIdentity* client) {
    return {.reply = scrubbed(connection, reply, hostname, client),
            .mta = connection.upstream().name,
            .by = "mta"};
}

Failure failure_of(Connection& connection, const Sentence& sentence, std::string_view hostname,
                   const smtp::ClientIdentity* client) {
    const smtp::Dialogue& dialogue = connection.dialogue();
    Failure failure{.reply = {},
                    .mta = connection.upstream().name,
                    .about_client = sentence.about_client,
                    .for_session = sentence.for_session};
    if (sentence.ours == nullptr) {
        failure.reply = scrubbed(connection, dialogue.reply(), hostname, client);
    } else {
        failure.reply = *sentence.ours;
        failure.mta_reply = said(dialogue.reply(), dialogue.replied_at());
    }
    return failure;
}

void tell_of_recipients(const smtp::Dialogue& dialogue, const smtp::Envelope& envelope,
                        smtp::Answer& answer) {
    const auto& replies = dialogue.recipients();
    const smtp::Reply* const ours = sentence_on_recipients(replies, envelope.recipients.size());
    if (ours == nullptr) return;
    const auto first = std::ranges::find_if_not(replies, &smtp::Reply::positive);
    if (first == replies.end()) return;
    const auto place = static_cast<std::size_t>(first - replies.begin());
    answer.reply = *ours;
    answer.mta_reply = said(*first, smtp::Dialogue::Stage::recipient, envelope.recipients.at(place).address);
}

Failure unfit(Connection& connection) {
    const smtp::EhloReply& ehlo = connection.dialogue().ehlo();
    smtp::Offer offer = ehlo.offer;
    offer.remove(smtp::Extension::xclient);  // its attributes would be the ones that Sluice knows
    smtp::Reply offered{.code = 250, .text = ehlo.host + offer.keyword_lines()};
    std::ranges::replace(offered.text, '\n', ' ');
    return {.reply = unfit_mta,
            .mta = connection.upstream().name,
            .about_client = true,
            .mta_reply = said(offered, smtp::Dialogue::Stage::ehlo)};
}

smtp::Answer answer_of(const Failure& failure) {
    return {.reply = failure.reply,
            .mta = failure.mta,
            .by = failure.mta.empty() ? "none" : "mta",
            .for_session = failure.for_session,
            .mta_reply = failure.mta_reply};
}

}  // namespace sluice::relay
