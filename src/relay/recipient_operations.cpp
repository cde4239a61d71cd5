#include "relay/recipient_operations.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "relay/answer_class.hpp"
#include "store/keys.hpp"

namespace sluice::relay {

namespace {

std::optional<store::Operation> about(std::string_view recipient, store::Verb verb) {
    store::Operation operation{.verb = verb, .key = std::string(store::recipient_space)};
    operation.key += recipient;
    if (operation.key.size() > store::key_octets_max) return std::nullopt;
    return operation;
}

}  // namespace

std::optional<store::Operation> recipient_question(std::string_view recipient) {
    return about(recipient, store::Verb::get);
}

std::optional<store::Operation> recipient_told(std::string_view recipient, const SharedAnswer& answer,
                                               Seconds ttl) {
    // A term of 0 would mean for ever.
    if (ttl <= Seconds::zero()) return std::nullopt;
    const bool about_recipient = says_known(answer.reply) || says_unknown(answer.reply);
    if (answer.standing != Standing::disputed && !about_recipient) return std::nullopt;
    auto operation = about(recipient, store::Verb::put);
    if (!operation) return std::nullopt;
    operation->value = write_shared(answer);
    operation->term = ttl;
    if (operation->value.size() > store::value_octets_max) return std::nullopt;
    return operation;
}

std::optional<Recalled> read_recipient(const store::Outcome& outcome, Seconds positive_ttl,
                                       Seconds negative_ttl) {
    if (!outcome.found) return std::nullopt;
    auto answer = read_shared(outcome.value);
    if (!answer) return std::nullopt;
    Seconds life = (answer->reply.positive() ? positive_ttl : negative_ttl) - outcome.age;
    if (answer->standing == Standing::disputed) life = dispute_time - outcome.age;
    if (outcome.left > Seconds::zero()) life = std::min(life, outcome.left);
    if (life <= Seconds::zero()) return std::nullopt;
    return Recalled{.answer = *std::move(answer), .life = life};
}

}  // namespace sluice::relay
